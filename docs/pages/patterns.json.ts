import type { APIRoute } from 'astro';
import { listLibrary } from '../patterns/library.ts';
import { findNeighbours, listRelations } from '../patterns/relations.ts';

/** Every pattern with what a program chooses by, and with its evidence. */
export const GET: APIRoute = async ({ site }) => {
  const patterns = await listLibrary();
  const list = patterns.map(({ id, area, address, data, evidence, counts }) => {
    const { references, ...fields } = data;
    return {
      id,
      area,
      url: new URL(address, site),
      markdown: new URL(`/patterns/${id}.md`, site),
      ...fields,
      usedBy: findNeighbours(listRelations(patterns), id).usedBy,
      references: references.map(({ title, url }) => ({ title, url })),
      files: [...evidence.sources.keys()],
      evidence: {
        ...counts,
        isFresh: evidence.isFresh,
        survived: evidence.proof?.failures.map(({ title, symptom }) => ({ title, symptom })) ?? [],
      },
    };
  });
  return Response.json({ patterns: list });
};
