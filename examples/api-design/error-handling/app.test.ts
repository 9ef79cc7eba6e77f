import { listen } from '@touchstone/kit/app/http';
import { startProgram } from '@touchstone/kit/programs/program';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';
import { ask, createTestLog } from './test-client.ts';
import { runMainProgram } from './test-main.ts';

const MAIN = new URL('main.ts', import.meta.url);

it('answers 201, then 409 with the code of the translated error', async () => {
  const log = createTestLog();
  await using server = await listen(createApp({ log }));
  const post = (body: object) =>
    ask(`${server.url}/members`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  expect((await post({ email: 'eve@example.com' })).status).toBe(201);
  expect((await post({ email: 'eve@example.com' })).body).toEqual({
    title: 'Conflict',
    status: 409,
    code: 'email_taken',
    detail: 'Log in instead',
  });
  expect((await post({})).body.code).toBe('invalid_request');
  expect(log.lines).toEqual([]);
});

it('cuts the file off that it cannot write to its end', async () => {
  const log = createTestLog();
  await using server = await listen(createApp({ log }));

  const response = await fetch(`${server.url}/members.csv`);

  await expect(response.text()).rejects.toThrow('terminated');
  expect(log.lines).toHaveLength(1);
});

it('ends with code 1 after a rejection that nobody caught', async () => {
  const { url, ended } = await runMainProgram();

  const path = `${url}/members/ada/welcome`;
  const answer = await ask(path, { method: 'POST' });

  expect(answer.status).toBe(202);
  const { code, output } = await ended;
  expect(code).toBe(1);
  expect(output).toContain('the mail server refused');
});

it('ends with code 0 on SIGTERM', async () => {
  await using program = await startProgram(MAIN, { PORT: '0' });

  expect(await program.kill('SIGTERM')).toBe(0);
});
