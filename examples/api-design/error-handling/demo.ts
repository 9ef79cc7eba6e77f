import { ask } from './test-client.ts';
import { runMainProgram } from './test-main.ts';

const { url, ended } = await runMainProgram();

await show('POST /members, taken', '/members', {
  email: 'ada@example.com',
});
await show('POST /members, not JSON', '/members', '{"email": hunter2');
await show('GET /nowhere', '/nowhere');
const refused = await show('GET /members', '/members');
console.log(`  allow: ${refused.headers.get('allow')}`);
const csv = await fetch(`${url}/members.csv`);
const rest = await csv.text().catch(({ message }) => message);
console.log(`GET /members.csv, which breaks: ${csv.status}, ${rest}`);

const path = '/members/ada/welcome';
await show('POST /members/ada/welcome, which crashes', path, {});
const { code, output } = await ended;
const lines = output.match(/process ends/g)?.length;
console.log(`exit code ${code}; "process ends" in the log: ${lines}`);

async function show(
  what: string,
  path: string,
  body?: object | string,
) {
  const headers = { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const post = { method: 'POST', headers, body: text ?? null };
  const answer = await ask(url + path, body ? post : {});
  console.log(
    `${what}: ${answer.status} ${answer.body.code ?? ''}`.trim(),
  );
  return answer;
}
