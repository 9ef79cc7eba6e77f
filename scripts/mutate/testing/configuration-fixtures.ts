// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a configuration has its own
import type { OperatorFixture } from './operator-fixture.ts';

const SETTINGS: OperatorFixture[] = [
  {
    operator: 'setting-removed',
    path: 'setting-removed.conf',
    source: `error_page 404 = @gone;
server {
  listen 127.0.0.1:\${PORT};
  location / { return 404; }
  location /a { return 200; }
  location @gone { return 410; }
}`,
    weak: "expect(await askSite(subject, '/a')).toMatchObject({ status: 200 });",
    strong: "expect(await askSite(subject, '/')).toMatchObject({ status: 410 });",
  },
  {
    operator: 'amount-nudged',
    path: 'amount-nudged.yml',
    source: `groups:
  - name: availability
    rules:
      - alert: Down
        expr: up == 0
        for: 5m`,
    weak: `const expression = 'count(ALERTS{alertstate="firing"})';
  await expectSamples(subject, { expression, series: { up: '0x30' }, samples: { '{}': 1 } });`,
    strong: `const expression = 'count(ALERTS{alertstate="firing"})';
  await expectSamples(subject, { expression, series: { up: '1x17 0x9' }, samples: {} });`,
  },
  {
    operator: 'switch-flipped',
    path: 'switch-flipped.conf',
    source: 'server { listen 127.0.0.1:${PORT}; server_tokens off; return 200; }',
    weak: "expect(await askSite(subject, '/')).toMatchObject({ status: 200 });",
    strong: "expect(await askSite(subject, '/')).toMatchObject({ server: 'nginx' });",
  },
  {
    operator: 'word-swapped',
    path: 'word-swapped.acl',
    source: 'topic read news\ntopic write mail\n',
    weak: "expect(await mayPublish(subject, { topic: 'mail' })).toBe(true);",
    strong: "expect(await mayPublish(subject, { topic: 'news' })).toBe(false);",
  },
  {
    operator: 'access-turned',
    path: 'access-turned.conf',
    source: `server {
  listen 127.0.0.1:\${PORT};
  location /admin { deny all; }
  location / { allow all; }
}`,
    weak: "expect(await askSite(subject, '/a')).toMatchObject({ status: 404 });",
    strong: "expect(await askSite(subject, '/admin')).toMatchObject({ status: 403 });",
  },
  {
    operator: 'pattern-widened',
    path: 'pattern-widened.acl',
    source: 'pattern write devices/%u/readings\n',
    weak: `const topic = 'devices/ada/readings';
  expect(await mayPublish(subject, { user: 'ada', topic })).toBe(true);`,
    strong: `const topic = 'devices/bob/readings';
  expect(await mayPublish(subject, { user: 'ada', topic })).toBe(false);`,
  },
  {
    operator: 'value-dropped',
    path: 'value-dropped.conf',
    source: `server {
  listen 127.0.0.1:\${PORT};
  error_page 404 405 = @gone;
  location / { return 404; }
  location /a { return 405; }
  location @gone { return 410; }
}`,
    weak: "expect(await askSite(subject, '/a')).toMatchObject({ status: 410 });",
    strong: "expect(await askSite(subject, '/')).toMatchObject({ status: 410 });",
  },
  {
    operator: 'test-negated',
    path: 'test-negated.conf',
    source: `server {
  listen 127.0.0.1:\${PORT};
  if ($http_accept != "text/plain") { return 406; }
  return 200;
}`,
    weak: "expect([200, 406]).toContain((await askSite(subject, '/')).status);",
    strong: "expect(await askSite(subject, '/')).toMatchObject({ status: 406 });",
  },
];

type Values = { series: Record<string, string>; samples: Record<string, number> };
type QueryFixture = {
  operator: string;
  expression: string;
  /** Series that give the same with the change and without it. */
  weak: Values;
  strong: Values;
};

const QUERIES: QueryFixture[] = [
  {
    operator: 'comparison-boundary',
    expression: 'a > 1',
    weak: { series: { a: '2x30' }, samples: { result: 2 } },
    strong: { series: { a: '1x30' }, samples: {} },
  },
  {
    operator: 'comparison-negated',
    expression: 'a > 1',
    weak: { series: { b: '2x30' }, samples: {} },
    strong: { series: { a: '2x30' }, samples: { result: 2 } },
  },
  {
    operator: 'sign-swapped',
    expression: 'a + b',
    weak: { series: { a: '5x30', b: '0x30' }, samples: { result: 5 } },
    strong: { series: { a: '5x30', b: '1x30' }, samples: { result: 6 } },
  },
  {
    operator: 'constant-nudged',
    expression: 'a > 10',
    weak: { series: { a: '20x30' }, samples: { result: 20 } },
    strong: { series: { a: '5x30' }, samples: {} },
  },
  {
    operator: 'range-nudged',
    expression: 'max_over_time(a[5m])',
    weak: { series: { a: '1x30' }, samples: { result: 1 } },
    strong: { series: { a: '9 1x30' }, samples: { result: 1 } },
  },
  {
    operator: 'aggregation-swapped',
    expression: 'sum(a)',
    weak: { series: { 'a{b="c"}': '1x30' }, samples: { result: 1 } },
    strong: { series: { 'a{b="c"}': '1x30', 'a{b="d"}': '2x30' }, samples: { result: 3 } },
  },
  {
    operator: 'function-swapped',
    expression: 'max_over_time(a[5m])',
    weak: { series: { a: '1x30' }, samples: { result: 1 } },
    strong: { series: { a: '0+1x30' }, samples: { result: 20 } },
  },
  {
    operator: 'label-dropped',
    expression: 'sum by (a, b) (c)',
    weak: { series: { 'c{b="d"}': '1x30' }, samples: { 'result{b="d"}': 1 } },
    strong: { series: { 'c{a="e",b="d"}': '1x30' }, samples: { 'result{a="e",b="d"}': 1 } },
  },
  {
    operator: 'matcher-dropped',
    expression: 'sum(a{b="c", d="e"})',
    weak: { series: { 'a{b="c",d="e"}': '1x30' }, samples: { result: 1 } },
    strong: {
      series: { 'a{b="c",d="e"}': '1x30', 'a{b="f",d="e"}': '1x30' },
      samples: { result: 1 },
    },
  },
  {
    operator: 'operand-dropped',
    expression: 'a and b',
    weak: { series: { a: '1x30', b: '1x30' }, samples: { result: 1 } },
    strong: { series: { a: '1x30' }, samples: {} },
  },
];

/** A fixture for each operator of configurations, asked of nginx, Mosquitto and promtool. */
export const CONFIGURATION_FIXTURES: OperatorFixture[] = [
  ...SETTINGS,
  ...QUERIES.map(({ operator, expression, weak, strong }) => ({
    operator,
    path: `${operator}.yml`,
    source: `groups: [{ name: a, rules: [{ record: result, expr: '${expression}' }] }]`,
    weak: expectResult(weak),
    strong: expectResult(strong),
  })),
];

function expectResult(values: Values): string {
  const asked = { expression: 'result', ...values };
  return `await expectSamples(subject, ${JSON.stringify(asked)});`;
}
