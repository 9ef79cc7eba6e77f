const ACRONYMS: Record<string, string> = { api: 'API', iot: 'IoT', ml: 'ML' };

/** `multi-tenancy` becomes `Multi Tenancy`, `ml` becomes `ML`. */
export function titleCase(slug: string): string {
  return slug
    .split('-')
    .map((word) => ACRONYMS[word] ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
