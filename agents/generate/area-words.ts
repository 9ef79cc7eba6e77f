/** Words in the paths of files that are likely about an area; an area without a line has its name. */
const WORDS: Record<string, readonly string[]> = {
  'api-design': ['api', 'routes', 'controllers', 'openapi'],
  architecture: ['domain', 'modules', 'services'],
  auth: ['auth', 'login', 'session', 'token'],
  caching: ['cache', 'caching', 'redis'],
  deployment: ['deploy', 'docker', 'k8s'],
  domains: ['billing', 'order', 'inventory'],
  integrations: ['webhook', 'integration'],
  iot: ['telemetry', 'device', 'sensor', 'mqtt'],
  jobs: ['job', 'queue', 'worker', 'cron'],
  messaging: ['message', 'outbox', 'kafka', 'consumer'],
  ml: ['model', 'inference', 'prediction', 'experiment'],
  'multi-tenancy': ['tenant', 'organization', 'workspace'],
  observability: ['logging', 'logger', 'metrics', 'tracing'],
  performance: ['perf', 'benchmark'],
  postgres: ['migration', 'postgres', 'database', 'schema'],
  product: ['notification', 'search', 'feature'],
  realtime: ['realtime', 'sse', 'websocket', 'stream'],
  security: ['security', 'csrf', 'encrypt'],
  storage: ['upload', 'storage', 'attachment'],
  testing: ['test', 'fixture'],
};

/** The files that the rules of an area are for, as globs without braces: tools split at each comma. */
export function listGlobs(area: string): string[] {
  const words = Object.hasOwn(WORDS, area) ? (WORDS[area] ?? []) : [area];
  return words.flatMap((word) => [`**/*${word}*/**`, `**/*${word}*.ts`]);
}
