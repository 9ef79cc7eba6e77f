/** The id of the pattern whose page is at `path`; undefined for any other page. */
export function findPatternId(path: string): string | undefined {
  return /(?:^|[\\/])patterns[\\/]([^\\/]+)[\\/]([^\\/]+)\.md$/.exec(path)?.slice(1).join('/');
}
