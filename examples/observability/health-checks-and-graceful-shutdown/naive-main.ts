import { openPool } from '@touchstone/kit/postgres/database';
import { createNaiveServer } from './naive.ts';
import { createOrders } from './orders.ts';

const { pool } = openPool(`${process.env.DATABASE_URL}`);
const server = createNaiveServer(pool, createOrders({ pool }), process);
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${process.env.PORT}`);
});
