/** Where the built site will stand; nothing is fetched from it. */
export const siteUrl = 'https://touchstone.example';

/** The repository's web address, `https://github.com/<owner>/touchstone`. While it is not set, no page links to an issue, a source file or an edit. */
export const repositoryUrl: string | undefined = undefined;

/** The name that each page's title ends with. */
export const siteTitle = 'Touchstone';

/** The fonts that each page shows at once; `docs/public/fonts/` has their licences. */
export const fonts = [
  '/fonts/instrument-sans-subset.woff2',
  '/fonts/ibm-plex-serif-latin-600.woff2',
  '/fonts/ibm-plex-mono-latin-400.woff2',
];
