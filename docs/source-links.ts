import { repositoryUrl } from './site.ts';

/** The web address of a file or folder of the repository; undefined while `repositoryUrl` is not set. */
export function linkSource(path: string, repository = repositoryUrl): string | undefined {
  return repository ? `${repository}/tree/main/${path}` : undefined;
}

/** Where a reader edits a file of the repository; undefined while `repositoryUrl` is not set. */
export function linkEdit(path: string, repository = repositoryUrl): URL | undefined {
  return repository ? new URL(`${repository}/edit/main/${path}`) : undefined;
}

/** Where a reader reports a problem with the page of that title; undefined while `repositoryUrl` is not set. */
export function linkIssue(title: string, repository = repositoryUrl): string | undefined {
  if (!repository) return undefined;
  return `${repository}/issues/new?title=${encodeURIComponent(`${title}: `)}`;
}
