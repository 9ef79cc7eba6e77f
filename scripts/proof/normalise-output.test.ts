import { expect, it } from 'vitest';
import { normaliseOutput } from './normalise-output.ts';

it('gives two runs of one program the same text', () => {
  const run = (port: number, id: string, time: string) =>
    `listening on http://127.0.0.1:${port}\nuser ${id} at ${time} in ${port % 50} ms\nagain ${id}  \n\n`;

  const first = run(40123, '01a1fc53-19d2-74d0-acf5-2306bb40a12e', '2026-11-21T04:15:16.123Z');
  const second = run(39999, 'c9bf9e57-1685-4c89-bafb-ff5af830be8a', '2027-01-02T00:00:00Z');

  expect(normaliseOutput(first)).toBe(normaliseOutput(second));
  expect(normaliseOutput(first)).toBe(
    [
      'listening on http://localhost:3000',
      'user 00000000-0000-4000-8000-000000000001 at 2026-01-01T00:00:00.000Z in 12 ms',
      'again 00000000-0000-4000-8000-000000000001',
    ].join('\n'),
  );
});

it('keeps two ids apart and tells the same id again', () => {
  const [a, b] = ['01a1fc53-19d2-74d0-acf5-2306bb40a12e', 'c9bf9e57-1685-4c89-bafb-ff5af830be8a'];

  expect(normaliseOutput(`${a} ${b} ${a}`)).toBe(
    '00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002 00000000-0000-4000-8000-000000000001',
  );
});

it('leaves text alone that is the same in each run', () => {
  const text = '200 OK\n  401 invalid_grant\n\n3 rows';

  expect(normaliseOutput(text)).toBe(text);
});
