import { create } from 'content-disposition';

/** What is published of a file. */
export type Content = {
  name: string;
  type: string;
  size: number;
  hash: string;
};

const EXTENSIONS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'application/pdf': 'pdf',
};

/** No browser runs what is served with these. */
export function contentHeaders({ name, type, size, hash }: Content) {
  return {
    'content-type': type, // never what the sender said
    'content-length': `${size}`,
    'content-disposition': create(toFileName(name, type)),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-site',
    // Under this id there will never be other bytes.
    'cache-control': 'private, max-age=31536000, immutable',
    etag: `"${hash}"`,
  };
}

/** The extension says what the bytes are. */
function toFileName(name: string, type: string): string {
  return `${name.replace(/\.[^.]*$/, '')}.${EXTENSIONS[type]}`;
}
