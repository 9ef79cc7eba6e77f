/** The anchor of a snippet or an output on its page: `claim.ts#claim-a-job` becomes `code-claim-ts-claim-a-job`. */
export const nameSnippet = (shows: string): string => `code-${shows.replaceAll(/\W+/g, '-')}`;
