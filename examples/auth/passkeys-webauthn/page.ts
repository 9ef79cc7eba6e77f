import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import express from 'express';

const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>Corner Shop</title>
<script type="importmap">
{ "imports": { "@simplewebauthn/browser": "/simplewebauthn/index.js" } }
</script>
<form>
  <label>E-mail <input name="email" autocomplete="username webauthn"></label>
  <label>Password <input name="password" type="password"></label>
  <button>Sign in</button>
  <button type="button" id="passkey">Sign in with a passkey</button>
  <button type="button" id="add">Add a passkey</button>
</form>
<p role="status"></p>
<script type="module">
import { addPasskey, offerPasskeys, signIn } from '/passkey-client.js';

const status = document.querySelector('[role=status]');
const show = (work) => work.then(
  (text) => { status.textContent = text ?? 'done'; },
  (error) => { status.textContent = error.code ?? error.message; },
);
document.querySelector('form').onsubmit = (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  const headers = { 'content-type': 'application/json' };
  show(fetch('/sessions/password', { method: 'POST', headers, body })
    .then((response) => response.ok ? 'signed in' : 'wrong'));
};
document.querySelector('#passkey').onclick =
  () => show(signIn().then(() => 'signed in', again));
document.querySelector('#add').onclick =
  () => show(addPasskey(navigator.platform).then(() => 'added', again));
const renewMs = Number(new URLSearchParams(location.search).get('renewMs'));
const offer = () => offerPasskeys((error) => show(Promise.reject(error)), renewMs || undefined)
  .then((isIn) => { if (isIn) status.textContent = 'signed in'; });
const again = (error) => { offer(); throw error; };
offer();
</script>
</html>`;

const client = new URL('passkey-client.ts', import.meta.url);
const library = fileURLToPath(
  new URL('.', import.meta.resolve('@simplewebauthn/browser')),
);

/** The sign-in page, with the client part as JavaScript. */
export function servePage() {
  const page = express.Router();
  page.get('/', (_request, response) => {
    response.type('html').send(HTML);
  });
  page.get('/passkey-client.js', (_request, response) => {
    const code = stripTypeScriptTypes(readFileSync(client, 'utf8'));
    response.type('js').send(code);
  });
  page.use('/simplewebauthn', express.static(library));
  return page;
}
