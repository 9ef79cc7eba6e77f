import { startLoad, startSite } from './test-site.ts';

for (const [name, probe] of [
  ['main.ts', '/readyz'],
  ['naive.ts', '/health'],
] as const) {
  await using site = await startSite({
    program: new URL(name, import.meta.url),
    probe,
  });
  const load = startLoad(site.url);
  await new Promise((r) => setTimeout(r, 1000));
  const codes = await site.deploy();
  const counts = await load.stop();
  const { rows } = await site.pool.query('select count(*) from orders');
  console.log(name, codes, counts, rows);
}
process.exit(0);
