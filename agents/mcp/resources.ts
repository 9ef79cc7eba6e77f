import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type Variables,
} from '@modelcontextprotocol/server';
import { slugOf } from '../../scripts/pattern/ids.ts';
import { BUDGETS, nameBundle } from '../generate/budgets.ts';
import type { Context } from './context.ts';
import { writePatternList } from './list-patterns.ts';
import { ToolError } from './tool.ts';

/** The sizes in which an area comes as one text, by their names. */
const SIZES = new Map<string, number>(
  BUDGETS.bundles.map((budget) => [nameBundle(budget), budget]),
);

const MARKDOWN = { mimeType: 'text/markdown' } as const;

/** Puts the resources on a server: the index, each pattern, and each area in three sizes. */
export function addResources(server: McpServer, context: Context): void {
  addIndex(server, context);
  addPatterns(server, context);
  addBundles(server, context);
}

function addIndex(server: McpServer, { library }: Context): void {
  const config = { ...MARKDOWN, description: 'All patterns, each with a symptom it is for' };
  server.registerResource('index', 'pattern://index', config, ({ href }) =>
    answer(href, writePatternList(library.patterns)),
  );
}

function addPatterns(server: McpServer, { library, find, areas }: Context): void {
  const ids = library.patterns.map(({ id }) => id);
  const template = new ResourceTemplate('pattern://{area}/{slug}', {
    list: () => ({
      resources: library.patterns.map(({ id, title, summary }) => ({
        uri: `pattern://${id}`,
        name: id,
        title,
        description: summary,
        ...MARKDOWN,
      })),
    }),
    complete: {
      area: (start) => complete(areas, start),
      slug: (start, more) => complete(listSlugs(ids, more?.arguments?.area), start),
    },
  });
  const config = { ...MARKDOWN, description: 'A pattern, in standard detail' };
  server.registerResource('pattern', template, config, ({ href }, variables) => {
    const id = `${read(variables, 'area')}/${read(variables, 'slug')}`;
    return answer(href, library.readText(orNotFound(href, () => find(id)).id, 'standard'));
  });
}

function addBundles(server: McpServer, { library, areas }: Context): void {
  const sizes = [...SIZES.keys()];
  const template = new ResourceTemplate('bundle://{area}/{budget}', {
    list: undefined,
    complete: {
      area: (start) => complete(areas, start),
      budget: (start) => complete(sizes, start),
    },
  });
  const config = {
    ...MARKDOWN,
    description: `The patterns of an area in so many tokens: ${sizes.join(', ')}`,
  };
  server.registerResource('bundle', template, config, ({ href }, variables) => {
    const budget = SIZES.get(read(variables, 'budget')) ?? 0;
    const text = library.readBundle(read(variables, 'area'), budget);
    if (text !== undefined) return answer(href, text);
    const known = `areas: ${areas.join(', ')}; sizes: ${sizes.join(', ')}`;
    throw new ResourceNotFoundError(href, `There is no ${shorten(href)}. Known ${known}.`);
  });
}

const answer = (uri: string, text: string) => ({ contents: [{ uri, ...MARKDOWN, text }] });

/** The SDK sends the first hundred, and says how many there are. */
const complete = (values: string[], start: string): string[] =>
  values.filter((value) => value.startsWith(start));

function listSlugs(ids: string[], area: string | undefined): string[] {
  const own = area === undefined ? ids : ids.filter((id) => id.startsWith(`${area}/`));
  return own.map((id) => slugOf(id)).sort();
}

function read(variables: Variables, name: string): string {
  const value = variables[name];
  return typeof value === 'string' ? value : '';
}

function orNotFound<T>(uri: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ToolError) throw new ResourceNotFoundError(uri, error.message);
    throw new ProtocolError(ProtocolErrorCode.InternalError, 'The pattern cannot be read');
  }
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
