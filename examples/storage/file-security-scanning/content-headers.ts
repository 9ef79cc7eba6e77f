import { create } from 'content-disposition';

/** No browser runs what is served with these. */
export function contentHeaders(file: {
  name: string;
  type: string;
  size: number;
  object: string;
}) {
  const { name, type, size, object } = file;
  // The extension says what the bytes are, whatever the name said.
  const fileName = `${name.replace(/\.[^.]*$/, '')}.${type.split('/')[1]}`;
  return {
    'content-type': type, // never what the sender said
    'content-length': `${size}`,
    'content-disposition': create(fileName),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-site',
    // Under this id there will never be other bytes.
    'cache-control': 'private, max-age=31536000, immutable',
    etag: `"${object}"`,
  };
}
