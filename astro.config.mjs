// @ts-check
import { satteri } from '@astrojs/markdown-satteri';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { finishPages } from './docs/built-pages/finish-pages.ts';
import { codeThemes } from './docs/code-blocks/code-themes.ts';
import { exampleBlocks } from './docs/code-blocks/example-blocks.ts';
import { foldLongCode } from './docs/code-blocks/fold-long-code.ts';
import { proofGutter } from './docs/code-blocks/proof-gutter.ts';
import { codeLanguages } from './docs/code-blocks/sql-in-strings.ts';
import { listRedirects, redirectsFile } from './docs/hosting/redirects.ts';
import { commands } from './docs/markdown-plugins/commands.ts';
import { coreExcerpt } from './docs/markdown-plugins/core-excerpt.ts';
import { diagrams } from './docs/markdown-plugins/diagrams.ts';
import { exampleFences } from './docs/markdown-plugins/example-fences.ts';
import { failureLinks } from './docs/markdown-plugins/failure-links.ts';
import { generatedMarks } from './docs/markdown-plugins/generated-marks.ts';
import { glossaryLinks } from './docs/markdown-plugins/glossary-links.ts';
import { repositoryLinks } from './docs/markdown-plugins/repository-links.ts';
import { stackableTables } from './docs/markdown-plugins/stackable-tables.ts';
import { listSidebar } from './docs/sidebar.ts';
import { fonts, siteTitle, siteUrl } from './docs/site.ts';
import { liveSync } from './docs/vite-plugins/live-sync.ts';
import { renderOnce } from './docs/vite-plugins/render-once.ts';
import { syncPattern } from './scripts/check/check-patterns.ts';

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
      mdastPlugins: [
        diagrams,
        exampleFences(root),
        repositoryLinks(root),
        failureLinks(root),
        coreExcerpt,
        generatedMarks(root),
        glossaryLinks(root),
      ],
      hastPlugins: [commands, stackableTables],
    }),
  },
  vite: {
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
      pagefind: false, // docs/search/ is the search, with the engine of the package
      title: siteTitle,
      description:
        'Backend patterns in TypeScript. A named test ran every line of code that a page shows.',
      components: {
        Footer: './docs/components/Footer.astro',
        MarkdownContent: './docs/components/MarkdownContent.astro',
        PageTitle: './docs/components/PageTitle.astro',
        Search: './docs/components/Search.astro',
        Sidebar: './docs/components/Sidebar.astro',
        SiteTitle: './docs/components/SiteTitle.astro',
        SocialIcons: './docs/components/HeaderLinks.astro',
      },
      head: [
        ...fonts.map((href) => ({
          tag: /** @type {const} */ ('link'),
          attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href, crossorigin: 'anonymous' },
        })),
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
      customCss: ['tokens', 'frame', 'site', 'tables', 'charts', 'diagrams', 'code', 'pattern'].map(
        (name) => `./docs/styles/${name}.css`,
      ),
      expressiveCode: {
        plugins: [exampleBlocks, proofGutter(root), foldLongCode],
        shiki: { langs: codeLanguages },
        themes: codeThemes,
        useStarlightUiThemeColors: true,
        styleOverrides: {
          codeLineHeight: '1.85', // 24 px: a line's mark is a button
          codePaddingBlock: '0.625rem',
          gutterBorderColor: 'transparent',
        },
      },
      markdown: { processedDirs: ['./patterns'] }, // else their headings have no anchors
      routeMiddleware: './docs/route-data.ts',
      sidebar: listSidebar(root),
    }),
    redirectsFile(redirects),
    finishPages(),
  ],
});
