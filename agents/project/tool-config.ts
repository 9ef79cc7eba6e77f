import { PACKAGE } from '../library/package-name.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';
import { writeJson } from './write-json.ts';

/** Where a tool looks for the MCP servers of a project. */
const CONFIGS = {
  claude: { path: '.mcp.json', key: 'mcpServers' },
  cursor: { path: '.cursor/mcp.json', key: 'mcpServers' },
  vscode: { path: '.vscode/mcp.json', key: 'servers' },
} as const;

/** A tool whose MCP configuration can be written. */
export type McpTool = keyof typeof CONFIGS;

export const MCP_TOOLS = Object.keys(CONFIGS) as McpTool[];

/** A text of a project as it shall be; undefined for none. */
export type PlannedText = { path: string; text: string | undefined };

const NAME = 'touchstone';
const SERVER = { type: 'stdio', command: 'npx', args: ['-y', PACKAGE, 'mcp'] };

type Config = Record<string, Record<string, unknown> | undefined>;

/** The configuration of a tool with our server in it; what else it says stays. */
export function planMcpConfig(project: Project, tool: McpTool): PlannedText {
  const { path, key } = CONFIGS[tool];
  const config = readConfig(project, path);
  return {
    path,
    text: writeJson(project, path, { ...config, [key]: { ...config[key], [NAME]: SERVER } }),
  };
}

/** The configurations that have our server, without it; one that holds nothing else goes. */
export function planMcpRemoval(project: Project): PlannedText[] {
  return MCP_TOOLS.flatMap((tool) => {
    const { path, key } = CONFIGS[tool];
    if (project.read(path)?.includes(PACKAGE) !== true) return [];
    const config = readConfig(project, path);
    const { [NAME]: _, ...servers } = config[key] ?? {};
    const isOurs = Object.keys(servers).length === 0 && Object.keys(config).length === 1;
    return [
      { path, text: isOurs ? undefined : writeJson(project, path, { ...config, [key]: servers }) },
    ];
  });
}

function readConfig(project: Project, path: string): Config {
  const text = project.read(path);
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Config;
  } catch {
    const line = JSON.stringify({ [NAME]: SERVER }).slice(1, -1);
    throw new ProjectError(
      `${path} is not plain JSON, so it is left alone: add to its servers ${line}`,
    );
  }
}
