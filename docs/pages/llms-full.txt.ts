import type { APIRoute } from 'astro';
import { writeAllPages } from '../markdown-twins/all-pages.ts';
import { listLibrary } from '../patterns/library.ts';

/** Every pattern page in one file. */
export const GET: APIRoute = async () => new Response(writeAllPages(await listLibrary()));
