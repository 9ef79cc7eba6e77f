import {
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from '@simplewebauthn/browser';

/** A minute before the challenge is over. */
const RENEW_MS = 4 * 60 * 1000;

/** Adds a passkey to the user who is signed in. */
export async function addPasskey(name: string): Promise<void> {
  const optionsJSON = await post('/passkeys/options');
  const response = await startRegistration({ optionsJSON });
  await post('/passkeys', { name, response });
}

/** Signs in with a passkey that the user chooses. */
export async function signIn(
  useBrowserAutofill = false,
): Promise<void> {
  const optionsJSON = await post('/sessions/options');
  const response = await startAuthentication({
    optionsJSON,
    useBrowserAutofill,
  });
  await post('/sessions', { response });
}

/** Offers passkeys in the field with `autocomplete="username webauthn"`, as long as the page is open; false when the browser cannot. */
export async function offerPasskeys(
  renewMs = RENEW_MS,
): Promise<boolean> {
  if (!(await browserSupportsWebAuthnAutofill())) return false;
  for (;;) {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      WebAuthnAbortService.cancelCeremony();
    }, renewMs);
    try {
      await signIn(true);
      return true;
    } catch (error) {
      if (!isOver) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function post(path: string, body: object = {}) {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, init);
  const answer = await response.json();
  if (response.ok) return answer;
  throw new Error(`${answer.code}`);
}
