import { createInterface } from 'node:readline/promises';
import { isTerminal } from '../../../scripts/command-line/paint.ts';
import { readWord } from '../../../scripts/command-line/run-command.ts';
import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import { type InitChange, initProject, removeFromProject, writeTexts } from '../../project/init.ts';
import type { Project } from '../../project/project.ts';
import { planSkillRemoval, planSkills } from '../../project/skill-files.ts';
import {
  MCP_TOOLS,
  type McpTool,
  type PlannedText,
  planMcpConfig,
  planMcpRemoval,
} from '../../project/tool-config.ts';
import type { CliInput, CommandResult } from '../command.ts';

/** Writes or removes what the AI tools of a project read. */
export async function init(input: CliInput): Promise<CommandResult> {
  const { library, changeProject, values } = input;
  const skills = () => library.readSkills();
  if (values.remove === true) {
    const changes = changeProject((project) => [
      ...removeFromProject(project.root),
      ...writeTexts(project, planMcpRemoval(project)),
      ...writeTexts(project, planSkillRemoval(project, skills())),
    ]);
    return describe(changes);
  }
  const { tools, wantsSkills } = await choose(input);
  const changes = changeProject((project) => [
    ...initProject(project.root, library.readBlock()),
    ...writeTexts(project, planTools(project, tools)),
    ...(wantsSkills ? writeTexts(project, planSkills(skills())) : []),
  ]);
  return describe(changes);
}

type Choice = { tools: McpTool[]; wantsSkills: boolean };

const planTools = (project: Project, tools: McpTool[]): PlannedText[] =>
  tools.map((tool) => planMcpConfig(project, tool));

/** Flags say it; without any, a terminal is asked, and each file is shown before. */
async function choose({ values, openProject, library }: CliInput): Promise<Choice> {
  const named = readWord(values, 'mcp');
  const isToldAll = named !== undefined || values.skills === true || values.json === true;
  if (isToldAll || !isTerminal() || !process.stdin.isTTY)
    return { tools: readTools(named), wantsSkills: values.skills === true };
  using prompt = openPrompt();
  const project = openProject();
  const tools: McpTool[] = [];
  for (const tool of MCP_TOOLS) {
    const { path, text } = planMcpConfig(project, tool);
    if (text === project.read(path)) continue;
    if (await prompt.ask(`${path}:\n${text}Write this configuration of the MCP server?`))
      tools.push(tool);
  }
  const paths = planSkills(library.readSkills()).map(({ path }) => path);
  const wantsSkills = await prompt.ask(`${paths.join('\n')}\nWrite these skills?`);
  return { tools, wantsSkills };
}

function readTools(named: string | undefined): McpTool[] {
  const words = named?.split(',').filter(Boolean) ?? [];
  return words.map((word) => {
    const tool = MCP_TOOLS.find((one) => one === word);
    if (tool) return tool;
    throw new UsageError(`--mcp takes ${MCP_TOOLS.join(', ')}, with commas, not "${word}"`);
  });
}

function openPrompt() {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const ask = async (question: string): Promise<boolean> =>
    /^y(es)?$/i.test((await lines.question(`${question} [y/N] `).catch(stop)).trim());
  return { ask, [Symbol.dispose]: () => lines.close() };
}

/** Ctrl-C and Ctrl-D. */
function stop(): never {
  throw new UsageError('stopped, and nothing was written');
}

function describe(changes: InitChange[]): CommandResult {
  const lines = changes.map(({ file, done }) => `${file}  ${SAYS[done]}`);
  return { code: 0, data: changes, text: lines.join('\n') };
}

const SAYS: Record<InitChange['done'], string> = {
  created: 'created',
  updated: 'updated',
  unchanged: 'is up to date',
  deleted: 'removed',
};
