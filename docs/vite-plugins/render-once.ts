import type { Plugin } from 'vite';

/**
 * Halves the rendering. For each page whose rendering is deferred Astro loads a module that lists
 * its styles; it renders the page for that too, and then replaces the text by the list.
 */
export const renderOnce: Plugin = {
  name: 'render-once',
  load: {
    order: 'pre',
    filter: { id: /\.md\?astroPropagatedAssets$/ },
    handler: () => 'export {};',
  },
};
