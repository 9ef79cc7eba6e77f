import { getCollection } from 'astro:content';
import type { APIRoute, GetStaticPaths } from 'astro';
import { writeFacts, writeNeighbours, writeTwin } from '../markdown-twins/markdown-twin.ts';
import { listLibrary } from '../patterns/library.ts';
import { findNeighbours, listRelations } from '../patterns/relations.ts';

/** Each page that is written in Markdown once more, at its own address with `.md` at the end; the others have theirs from the build. */
export const getStaticPaths = (async () => [
  ...(await listPatternTwins()),
  ...(await listGuideTwins()),
]) satisfies GetStaticPaths;

export const GET: APIRoute<{ text: string }> = ({ props }) =>
  new Response(props.text, { headers: { 'content-type': 'text/markdown; charset=utf-8' } });

async function listPatternTwins() {
  const patterns = await listLibrary();
  const titles = new Map(patterns.map(({ id, data }) => [id, data.title]));
  return patterns.map(({ id, data, body }) => {
    const neighbours = findNeighbours(listRelations(patterns), id);
    const facts = [...writeFacts(data), ...writeNeighbours(neighbours, titles)];
    const { title, summary } = data;
    const page = { path: `patterns/${id}.md`, title, summary, body };
    return {
      params: { slug: `patterns/${id}` },
      props: { text: writeTwin(page, facts) },
    };
  });
}

async function listGuideTwins() {
  const entries = await getCollection('docs', ({ id }) => !id.startsWith('patterns/'));
  const written = entries.filter(({ filePath }) => filePath?.endsWith('.md'));
  return written.map(({ id, data, filePath = '', body = '' }) => {
    const page = { path: filePath, title: data.title, summary: data.description ?? '', body };
    return { params: { slug: id }, props: { text: writeTwin(page) } };
  });
}
