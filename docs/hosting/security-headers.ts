import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';

/** Writes the headers that the built pages obey, for Netlify and Cloudflare Pages, and for nginx. */
export function securityHeaders(): AstroIntegration {
  return {
    name: 'security-headers',
    hooks: {
      'astro:build:done': ({ dir }) => {
        const folder = fileURLToPath(dir);
        const headers = listHeaders(findInlineScripts(folder));
        const lines = headers.map(([name, value]) => `  ${name}: ${value}`);
        writeFileSync(join(folder, '_headers'), `/*\n${lines.join('\n')}\n`);
        const directives = headers.map(([name, value]) => `add_header ${name} "${value}" always;`);
        writeFileSync(join(folder, 'nginx-headers.conf'), `${directives.join('\n')}\n`);
      },
    },
  };
}

/** The scripts that stand in pages themselves, each once. */
function findInlineScripts(folder: string): string[] {
  const scripts = globSync('**/*.html', { cwd: folder }).flatMap((path) => {
    const html = readFileSync(join(folder, path), 'utf8');
    return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  });
  return [...new Set(scripts.map(([, script = '']) => script))].sort();
}

function listHeaders(scripts: string[]): [name: string, value: string][] {
  return [
    ['Content-Security-Policy', describePolicy(scripts)],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
  ];
}

/** Only our own files, and the scripts in pages by their hashes. */
function describePolicy(scripts: string[]): string {
  const hashes = scripts.map((script) => {
    const hash = createHash('sha256').update(script).digest('base64');
    return `'sha256-${hash}'`;
  });
  return [
    "default-src 'none'",
    // The search is WebAssembly.
    `script-src 'self' 'wasm-unsafe-eval' ${hashes.join(' ')}`,
    // The colours of code are attributes of their words.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
