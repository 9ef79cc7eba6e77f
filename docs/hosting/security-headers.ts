import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the headers that the built pages obey, for Netlify and Cloudflare Pages, and for nginx. */
export function writeSecurityHeaders(folder: string, inlineScripts: string[]): void {
  const headers = listHeaders(inlineScripts);
  const lines = headers.map(([name, value]) => `  ${name}: ${value}`);
  writeFileSync(join(folder, '_headers'), `/*\n${lines.join('\n')}\n`);
  const directives = headers.map(([name, value]) => `add_header ${name} "${value}" always;`);
  writeFileSync(join(folder, 'nginx-headers.conf'), `${directives.join('\n')}\n`);
}

const INLINE = /<script(?![^>]* (?:src=|type="application\/ld\+json"))[^>]*>([\s\S]*?)<\/script>/g;

/** The scripts that a page contains itself, in their order; data is no script. */
export const findInlineScripts = (html: string): string[] =>
  [...html.matchAll(INLINE)].map(([, script = '']) => script);

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
    `script-src 'self' ${hashes.join(' ')}`,
    // The colours of code are attributes of their words.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
