import type { APIRoute } from 'astro';
import { writeFacts, writeTwin } from '../markdown-twins/markdown-twin.ts';
import { listLibrary } from '../patterns/library.ts';

/** Every pattern page in one file. */
export const GET: APIRoute = async () => {
  const patterns = await listLibrary();
  const pages = patterns.map(({ id, data, body }) => {
    const { title, summary } = data;
    return writeTwin({ path: `patterns/${id}.md`, title, summary, body }, writeFacts(data));
  });
  return new Response(pages.join('\n---\n\n'));
};
