import {
  deployUnderLoad,
  probeWithoutDatabase,
} from './naive-failures.ts';

const { statuses, body } = await probeWithoutDatabase();
console.log('the database is down; three probes of a healthy process');
console.log(`GET /health: ${statuses.join(', ')}`);
const tells = /127\.0\.0\.1|ECONNREFUSED/.test(body);
console.log(`the body names the address of the database: ${tells}`);

const { failed } = await deployUnderLoad();
console.log('both instances are replaced under load');
const lost = Object.values(failed).some((count) => count > 0);
console.log(`orders were answered with errors: ${lost}`);
