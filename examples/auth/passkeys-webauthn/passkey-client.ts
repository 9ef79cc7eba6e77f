import {
  browserSupportsWebAuthnAutofill,
  type PublicKeyCredentialRequestOptionsJSON as Options,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from '@simplewebauthn/browser';

/** How many ceremonies the user has begun: an offer gives way. */
let begun = 0;

/** Adds a passkey to the user who is signed in. */
export async function addPasskey(name: string): Promise<void> {
  begun += 1;
  const response = await startRegistration({
    optionsJSON: await post('/passkeys/options'),
  });
  await post('/passkeys', { name, response });
}

/** Signs in with a passkey that the user chooses. */
export async function signIn(): Promise<void> {
  begun += 1;
  await authenticate(begun);
}

async function authenticate(own: number, useBrowserAutofill = false) {
  const optionsJSON = await post<Options>('/sessions/options');
  if (begun !== own) throw new Error('another_ceremony');
  const response = await startAuthentication({
    optionsJSON,
    useBrowserAutofill,
  });
  await post('/sessions', { response });
}

/** Offers passkeys in the field with `autocomplete="username webauthn"`, with new challenges, and tells what fails. True when the user signs in; false when the browser cannot, or the user begins another ceremony. */
export async function offerPasskeys(
  tell: (error: unknown) => void,
  renewMs = 4 * 60 * 1000,
): Promise<boolean> {
  const own = begun;
  while (begun === own && (await browserSupportsWebAuthnAutofill())) {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      WebAuthnAbortService.cancelCeremony();
    }, renewMs);
    try {
      await authenticate(own, true);
      return true;
    } catch (error) {
      if (isOver || begun !== own) continue;
      tell(error);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    } finally {
      clearTimeout(timer);
    }
  }
  return false;
}

async function post<Answer>(path: string, body = {}): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, init);
  const answer = (await response.json()) as Answer & { code: string };
  if (response.ok) return answer;
  throw new Error(answer.code);
}
