import { expect, it } from 'vitest';
import { findInlineScripts } from './security-headers.ts';

it('finds the scripts that a page contains itself, exactly', () => {
  const html = [
    '<script src="/a.js"></script>',
    '<script type="module" src="/b.js"></script>',
    '<script type="application/ld+json">{"data": 1}</script>',
    '<script>\nlet a = 1 < 2;\n</script>',
    '<script type="module">run()</script>',
    '<p>&lt;script>no()&lt;/script></p>',
  ];
  expect(findInlineScripts(html.join(''))).toEqual(['\nlet a = 1 < 2;\n', 'run()']);
});
