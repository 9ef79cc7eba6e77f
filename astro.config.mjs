// @ts-check
import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { socialCards } from './docs/cards/social-cards.ts';
import { pageTwins } from './docs/machine/page-twins.ts';
import { commands } from './docs/markdown/commands.ts';
import { diagrams } from './docs/markdown/diagrams.ts';
import { exampleBlocks } from './docs/markdown/example-blocks.ts';
import { failureLinks } from './docs/markdown/failure-links.ts';
import { generatedMarks } from './docs/markdown/generated-marks.ts';
import { liveSync } from './docs/markdown/live-sync.ts';
import { proofGutter } from './docs/markdown/proof-gutter.ts';
import { renderOnce } from './docs/markdown/render-once.ts';
import { repositoryLinks } from './docs/markdown/repository-links.ts';
import { stackableTables } from './docs/markdown/stackable-tables.ts';
import { listRedirects, redirectsFile } from './docs/redirects.ts';
import { someWords } from './docs/search/some-words-integration.ts';
import { securityHeaders } from './docs/security-headers.ts';
import { listSidebar } from './docs/sidebar.ts';
import { siteTitle, siteUrl } from './docs/site.ts';
import { syncPattern } from './scripts/check.ts';

const root = import.meta.dirname;
const redirects = listRedirects(root);

export default defineConfig({
  site: siteUrl,
  srcDir: './docs',
  publicDir: './docs/public',
  trailingSlash: 'always',
  redirects,
  devToolbar: { enabled: false },
  markdown: {
    processor: satteri({
      mdastPlugins: [diagrams, repositoryLinks(root), failureLinks(root), generatedMarks(root)],
      hastPlugins: [commands, stackableTables],
    }),
  },
  vite: {
    resolve: {
      alias: [
        {
          find: /^@pagefind\/default-ui$/,
          replacement: `${root}/docs/components/search-when-wanted.ts`,
        },
      ],
    },
    plugins: [renderOnce, liveSync(root, syncPattern)],
    build: {
      // A browser loads a script file once, but an inline script with each page.
      assetsInlineLimit: (path) => (path.endsWith('.js') ? false : undefined),
      rolldownOptions: {
        // Astro marks each page with a directive of its own, and the bundler warns of each.
        onLog(level, log, handle) {
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
        },
      },
    },
  },
  integrations: [
    starlight({
      disable404Route: true, // docs/pages/404.astro is ours
      title: siteTitle,
      description:
        'Backend patterns in TypeScript. A named test ran every line of code that a page shows.',
      components: {
        MarkdownContent: './docs/components/MarkdownContent.astro',
        PageTitle: './docs/components/PageTitle.astro',
        Search: './docs/components/Search.astro',
      },
      head: [
        {
          tag: 'link',
          attrs: {
            rel: 'alternate',
            type: 'application/atom+xml',
            title: siteTitle,
            href: '/feed.xml',
          },
        },
      ],
      customCss: ['./docs/styles/site.css'],
      expressiveCode: { plugins: [exampleBlocks, proofGutter(root)] },
      markdown: { processedDirs: ['./patterns'] }, // else their headings have no anchors
      routeMiddleware: './docs/route-data.ts',
      sidebar: listSidebar(root),
    }),
    socialCards(),
    securityHeaders(),
    redirectsFile(redirects),
    pageTwins(),
    someWords(),
  ],
});
