const WORDS = ['prototype', 'development', 'pre-production', 'production'];

/** How far a pattern carries, as `4 production`. */
export function nameLevel(level: number): string {
  return `${level} ${WORDS[level - 1] ?? ''}`.trim();
}
