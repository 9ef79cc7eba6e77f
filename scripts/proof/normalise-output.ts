/** What differs from run to run, each with what stands for it on a page. The order matters. */
const REPLACEMENTS: [pattern: RegExp, replace: (found: string, nth: number) => string][] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with an escape
  [/\u001b\[[0-9;]*m/g, () => ''],
  [/\b(localhost|127\.0\.0\.1):\d{2,5}\b/g, () => 'localhost:3000'],
  [
    /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    (_uuid, nth) => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`,
  ],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, (_token, nth) => `eyJ…${nth}`],
  [/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?/g, () => '2026-01-01T00:00:00.000Z'],
  [/\b\d+(\.\d+)? ?ms\b/g, () => '12 ms'],
];

/** The text with ports, ids, tokens and times replaced: the same in each run. Equal values stay equal. */
export function normaliseOutput(text: string): string {
  const normal = REPLACEMENTS.reduce((result, [pattern, replace]) => {
    const seen = new Map<string, string>();
    return result.replace(pattern, (found) => {
      const known = seen.get(found) ?? replace(found, seen.size + 1);
      seen.set(found, known);
      return known;
    });
  }, text);
  return normal
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd();
}
