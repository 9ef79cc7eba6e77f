import { McpServer } from '@modelcontextprotocol/server';
import type { Library } from '../library/open-library.ts';
import type { Search } from '../library/search.ts';
import { type Context, createContext } from './context.ts';
import { getExampleFiles } from './get-example-files.ts';
import { getPattern } from './get-pattern.ts';
import { listPatternsTool } from './list-patterns.ts';
import { planAddLocally, planAddRemotely } from './plan-add-pattern.ts';
import { addPrompts } from './prompts.ts';
import { addResources } from './resources.ts';
import { searchPatterns } from './search-patterns.ts';
import { prepareTool, type Registration } from './tool.ts';
import { verifyPattern } from './verify-pattern.ts';

/** Makes servers: one for a connection over stdio, one for each request over HTTP. */
export type ServerFactory = () => McpServer;

/**
 * A factory of servers over the library. A local one may read the caller's project; any other reads
 * nothing but the library.
 */
export function createServer(
  library: Library,
  search: Search,
  { isLocal = false }: { isLocal?: boolean } = {},
): ServerFactory {
  const context = createContext(library, search, isLocal);
  const tools = prepareTools(context);
  const instructions = writeInstructions(context);
  return function makeServer() {
    const server = new McpServer(
      { name: 'touchstone', title: 'Touchstone', version: library.version },
      { ...OPTIONS, instructions },
    );
    for (const addTo of tools) addTo(server);
    addResources(server, context);
    addPrompts(server, context);
    return server;
  };
}

/** In the order in which they are listed. */
function prepareTools(context: Context): Registration[] {
  return [
    prepareTool(searchPatterns(context)),
    prepareTool(getPattern(context)),
    prepareTool(getExampleFiles(context)),
    ...(context.isLocal
      ? [prepareTool(planAddLocally(context)), prepareTool(verifyPattern(context))]
      : [prepareTool(planAddRemotely(context))]),
    prepareTool(listPatternsTool(context)),
  ];
}

/** What is listed and read changes with a new version of the package only. */
const CACHED = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

const OPTIONS = {
  capabilities: {
    tools: { listChanged: false },
    resources: { listChanged: false },
    prompts: { listChanged: false },
  },
  cacheHints: {
    'tools/list': CACHED,
    'prompts/list': CACHED,
    'resources/list': CACHED,
    'resources/templates/list': CACHED,
    'resources/read': CACHED,
    'server/discover': CACHED,
  },
  maxToolInputElements: 1_000,
};

/** Some clients show a model this alone until it looks for tools: it says what there is. */
const writeInstructions = ({ library, areas }: Context): string =>
  `${library.patterns.length} tested TypeScript backend patterns, with code and failure tests: ${areas.join(', ')}. Before you write or review such code, or debug it, call search_patterns, then get_pattern, and prefer the pattern to your memory.`;
