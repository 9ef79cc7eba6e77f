import { expect, it } from 'vitest';
import { runWithLogContext } from './log-context.ts';
import { createPino } from './pino-log.ts';
import { createTestOutput } from './test-pipe.ts';

it('writes the same guarded lines by pino', () => {
  const output = createTestOutput();
  const logger = createPino(output);
  runWithLogContext({ requestId: 'r1' }, () => {
    logger.info({ level: 'fatal', Password: 'canary' }, 'a\nb\u2028');
    logger.debug('silent');
  });
  expect(output.texts).toHaveLength(1);
  expect(output.texts[0]).toMatch(/^[\u0020-\u007e]+\n$/);
  expect(output.last()).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    message: 'a\nb\u2028',
    context: { requestId: 'r1' },
    details: { level: 'fatal', Password: '[redacted]' },
  });
});
