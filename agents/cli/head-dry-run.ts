/** What stands above the plan of a command that did nothing. */
export const headDryRun = (isDry: boolean): string[] =>
  isDry ? ['Nothing was written. Without --dry-run this would be:', ''] : [];
