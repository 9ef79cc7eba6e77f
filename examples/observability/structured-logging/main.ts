import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { createApp } from './app.ts';
import { createLog, LOG_LEVELS } from './create-log.ts';

const environmentSchema = z.object({
  PORT: port().default(3000),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
});

await runMain(async (stopped) => {
  const { PORT, LOG_LEVEL } = readEnvironment(environmentSchema);
  const log = createLog({ level: LOG_LEVEL });
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    log.error('the process crashes', { origin, error });
  });
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? 'info' : 'debug';
    log.info('log level changed', { level: log.level });
  });
  await using server = await listen(createApp({ log }), { port: PORT });
  console.log(`listening on ${server.url}`);
  await stopped;
  log.info('stopping');
});
