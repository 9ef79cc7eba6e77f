import { z } from 'zod';
import type { Library } from '../library/open-library.ts';
import type { Search } from '../library/search.ts';
import { createFinder, type PatternFinder } from './pattern-finder.ts';
import { ToolError } from './tool.ts';

/** What the tools, resources and prompts answer from. */
export type Context = PatternFinder & {
  library: Library;
  search: Search;
  /** Sorted by name. */
  areas: string[];
  /** The argument that narrows an answer to an area. */
  area: z.ZodOptional<z.ZodString>;
  /** Whether the one who asks sits at this machine, and may have its folders read. */
  isLocal: boolean;
};

/** Prepares what does not change while a server runs. */
export function createContext(library: Library, search: Search, isLocal: boolean): Context {
  const areas = [...new Set(library.patterns.map(({ area }) => area))].sort();
  if (areas.length === 0) throw new ToolError('The library is empty: build the package again.');
  // No enum: the instructions name the areas, and so does the error; each list of them costs tokens.
  const area = z
    .string()
    .refine((name) => areas.includes(name), { error: `one of ${areas.join(', ')}` })
    .optional();
  return { library, search, areas, area, isLocal, ...createFinder(library, search) };
}
