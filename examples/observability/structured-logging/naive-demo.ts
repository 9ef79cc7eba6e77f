import { createNaiveLog } from './naive.ts';

const log = createNaiveLog();
log.info('login', { email: 'ada@example.com', password: 'hunter2' });
log.info('search', JSON.parse('{"level":"error","text":"shoes"}'));
log.info('payment failed', { error: new Error('card declined') });
const order: Record<string, unknown> = { id: 42 };
order.self = order;
try {
  log.info('order', order);
} catch (error) {
  if (error instanceof Error) console.log(error.message.split('\n')[0]);
}
