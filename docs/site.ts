/** Where the built site will stand; nothing is fetched from it. */
export const siteUrl = 'https://touchstone.example';

/** The repository's web address: edit links and links to source files start here. */
export const repositoryUrl = 'https://example.com/touchstone';

/** The name that each page's title ends with. */
export const siteTitle = 'Touchstone';
