// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a configuration has its own
import { describe, expect, it } from 'vitest';
import { mutateConfigurationWith } from './mutate-configuration-with.ts';

const NGINX = 'site.conf';
const MOSQUITTO = 'mosquitto.conf';
const INI = 'pgbouncer.ini';
const YAML = 'settings.yaml';

describe('setting-removed', () => {
  it.each([
    [NGINX, 'a b; c d; # e f;', ['c d; # e f;', 'a b; # e f;']],
    [NGINX, '# e f;\na b;', ['# e f;']],
    [NGINX, 'location / { a b; }', ['', 'location / { }']],
    [NGINX, 'upstream a { server b; }', ['upstream a { }']],
    [NGINX, 'a "b; # c" d\\;e ${F};', ['']],
    [NGINX, 'gzip on;', []],
    [MOSQUITTO, 'user a\n# b c\nlistener 1883', ['# b c listener 1883', 'user a # b c']],
    [MOSQUITTO, 'persistence true', []],
    [INI, '[a]\nb = c\n; d = e\nf=g # h', ['[a] ; d = e f=g # h', '[a] b = c ; d = e # h']],
    [YAML, 'a: x\nb:\n  c: y\n  d: z', ['b: c: y d: z', 'a: x', 'a: x b: d: z', 'a: x b: c: y']],
    [YAML, 'a: { b: x, c: y }', ['a: { c: y }', 'a: { b: x }']],
    [YAML, '- a\n- b: x\n  c: y', ['- b: x c: y', '- a', '- a - c: y', '- a - b: x']],
    [YAML, '- a\n# b\n- c', ['# b - c', '- a # b']],
    [YAML, 'a: &n x\nb: *n', ['a: &n x']],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('setting-removed', path, source).toSorted()).toEqual(
      changed.toSorted(),
    );
  });

  it('removes a rule of Prometheus, and what a rule can be without', () => {
    const source =
      'groups:\n- name: a\n  rules:\n  - alert: B\n    expr: c\n    for: 5m\n    labels: { d: e }\n  - record: f\n    expr: g';
    expect(mutateConfigurationWith('setting-removed', 'alerts.yml', source)).toEqual([
      'groups: - name: a rules: - record: f expr: g',
      'groups: - name: a rules: - alert: B expr: c labels: { d: e } - record: f expr: g',
      'groups: - name: a rules: - alert: B expr: c for: 5m - record: f expr: g',
      'groups: - name: a rules: - alert: B expr: c for: 5m labels: { d: e }',
    ]);
  });
});

describe('amount-nudged', () => {
  it.each([
    [NGINX, 'a 60s;', ['a 0s;', 'a 600s;']],
    [NGINX, 'a rate=10r/s b=0;', ['a rate=0r/s b=0;', 'a rate=100r/s b=0;', 'a rate=10r/s b=1;']],
    [
      NGINX,
      'return 502 "retry: 5";',
      ['return 503 "retry: 5";', 'return 502 "retry: 0";', 'return 502 "retry: 50";'],
    ],
    [NGINX, 'listen 8080; error_page 502 = @a; b 127.0.0.1:80; c ${D_1};', []],
    [MOSQUITTO, 'a 0', ['a 1']],
    [MOSQUITTO, 'topic a/# out 1', ['topic a/# out 0']],
    [
      INI,
      'a = host=b port=5432 size=5',
      ['a = host=b port=5432 size=0', 'a = host=b port=5432 size=50'],
    ],
    [
      YAML,
      'a: 0.5\nport: 80\nversion: 3',
      ['a: 0 port: 80 version: 3', 'a: 5 port: 80 version: 3'],
    ],
    [YAML, 'for: 5m', ['for: 0m', 'for: 50m']],
    [YAML, 'labels: { a: 1h }\nb: 2026-01-01', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('amount-nudged', path, source).toSorted()).toEqual(
      changed.toSorted(),
    );
  });
});

describe('switch-flipped', () => {
  it.each([
    [NGINX, 'gzip on;', ['gzip off;']],
    [MOSQUITTO, 'a false', ['a true']],
    [YAML, 'on: true', ['on: false']],
    [YAML, "a: 'no'", ["a: 'yes'"]],
    [MOSQUITTO, 'on b', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('switch-flipped', path, source)).toEqual(changed);
  });
});

describe('word-swapped', () => {
  it.each([
    ['acl', 'topic read a/#', ['topic readwrite a/#']],
    ['acl', 'topic deny a/#', ['topic readwrite a/#']],
    [MOSQUITTO, 'topic a/# out 1', ['topic a/# both 1']],
    [INI, 'pool_mode = transaction', ['pool_mode = session']],
    [INI, 'auth_type=scram-sha-256', ['auth_type=md5']],
    [YAML, 'read: a', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('word-swapped', path, source)).toEqual(changed);
  });
});

describe('access-turned', () => {
  it.each([
    [
      NGINX,
      'allow 10.0.0.0/8; deny all;',
      ['deny 10.0.0.0/8; deny all;', 'allow 10.0.0.0/8; allow all;'],
    ],
    [MOSQUITTO, 'allow a', []],
    [YAML, 'allow: a;', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('access-turned', path, source)).toEqual(changed);
  });
});

describe('pattern-widened', () => {
  it.each([
    ['rights.acl', 'pattern write a/%u/b', ['pattern write a/+/b']],
    ['rights.acl', 'pattern write %c', ['pattern write +']],
    ['rights.acl', 'pattern write a%u', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('pattern-widened', path, source)).toEqual(changed);
  });
});

describe('value-dropped', () => {
  it.each([
    [NGINX, 'error_page 502 503 = @a;', ['error_page 503 = @a;', 'error_page 502 = @a;']],
    [NGINX, 'gzip_types a/b c/d;', ['gzip_types c/d;', 'gzip_types a/b ;']],
    [NGINX, 'server a max_fails=0;', ['server a ;']],
    [NGINX, 'add_header A "b" always;', ['add_header A "b" ;']],
    [NGINX, 'return 502; gzip_types a/b;', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('value-dropped', path, source)).toEqual(changed);
  });
});

describe('test-negated', () => {
  it.each([
    [NGINX, 'if ($a != "b") { return 502; }', ['if ($a = "b") { return 502; }']],
    [NGINX, 'if ($a ~* b) { return 502; }', ['if ($a !~* b) { return 502; }']],
    [NGINX, 'error_page 502 = @a;', []],
  ])('makes in %s of %j %j', (path, source, changed) => {
    expect(mutateConfigurationWith('test-negated', path, source)).toEqual(changed);
  });
});
