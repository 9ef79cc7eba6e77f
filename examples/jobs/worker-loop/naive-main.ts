import { openPool } from '@touchstone/kit/postgres/database';
import { startNaiveLoop } from './naive.ts';

const { pool } = openPool(`${process.env.DATABASE_URL}`);
startNaiveLoop({ pool, ask: async () => 'never asked' });
