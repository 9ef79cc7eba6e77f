import { EICAR } from '@touchstone/kit/scanning/clamd';
import { expect, it } from 'vitest';
import { createClamdScanner } from './clamd-scanner.ts';
import { startTroubledClamd } from './test-clamd.ts';
import { clamd } from './test-services.ts';

it('names what clamd finds, anywhere in a file of megabytes', async () => {
  const scan = createClamdScanner(clamd);
  const large = Buffer.alloc(5_000_000);

  expect(await scan(large)).toBeUndefined();
  large.write(EICAR, 4_000_000);
  expect(await scan(large)).toBe('Eicar-Test.UNOFFICIAL');
});

it('throws when clamd says anything but clean or found', async () => {
  const answers = ['', 'stream: OK', 'stream: scan failed. ERROR\0'];
  for (const answer of answers) {
    const scan = createClamdScanner(await startTroubledClamd(answer));
    await expect(scan(Buffer.from('x'))).rejects.toThrow(
      'clamd cannot tell',
    );
  }
});

it('throws when clamd does not answer in time', async () => {
  const silent = await startTroubledClamd();
  const scan = createClamdScanner({ ...silent, seconds: 0.1 });

  await expect(scan(Buffer.from('x'))).rejects.toThrow('aborted');
});
