import type { APIRoute } from 'astro';
import { listLibrary } from '../patterns/library.ts';

/** Every pattern with what a program chooses by; what it reads once it has chosen is in the page at `markdown`. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const list = patterns.map(({ id, area, address, data, evidence, counts }) => {
    const { references, topics, yours, formerly, ...fields } = data;
    return {
      id,
      area,
      url: new URL(address, site),
      markdown: new URL(`/patterns/${id}.md`, site),
      ...fields,
      evidence: { ...counts, isFresh: evidence.isFresh },
    };
  });
  return Response.json({ patterns: list });
};
