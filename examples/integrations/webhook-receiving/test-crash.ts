import { systemClock } from '@touchstone/kit/time/clock';
import pg from 'pg';
import { createWebhookInbox } from './webhook-inbox.ts';

// A worker whose handler takes the whole process with it, as one that
// runs out of memory does. Its clock is ahead by AHEAD_SECONDS.
const ahead = Number(process.env.AHEAD_SECONDS) * 1000;
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
});
const inbox = createWebhookInbox({
  pool,
  clock: () => new Date(systemClock().getTime() + ahead),
  log: console,
  handle: async () => void process.kill(process.pid, 'SIGKILL'),
  attempts: 2,
});
await inbox.processNext();
await pool.end();
