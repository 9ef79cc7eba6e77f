import type { APIRoute, GetStaticPaths } from 'astro';
import { writeAllPages } from '../../markdown-twins/all-pages.ts';
import { groupByArea } from '../../patterns/group-by-area.ts';
import { listLibrary, type SitePattern } from '../../patterns/library.ts';
import { orderForLearning } from '../../patterns/order-for-learning.ts';

/** Every pattern page of one area in one file, none before what it builds on in the area. */
export const getStaticPaths = (async () =>
  groupByArea(orderForLearning(await listLibrary())).map(({ area, items }) => ({
    params: { area },
    props: { patterns: items },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute<{ patterns: SitePattern[] }> = ({ props }) =>
  new Response(writeAllPages(props.patterns));
