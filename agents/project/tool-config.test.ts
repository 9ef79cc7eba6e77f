import { expect, it } from 'vitest';
import { PACKAGE } from '../library/package-name.ts';
import { makeProject } from '../testing/test-library.ts';
import { writeTexts } from './init.ts';
import type { Project } from './project.ts';
import { planSkillRemoval, planSkills } from './skill-files.ts';
import { MCP_TOOLS, planMcpConfig, planMcpRemoval } from './tool-config.ts';

const SERVER = { type: 'stdio', command: 'npx', args: ['-y', PACKAGE, 'mcp'] };

const writeAll = (project: Project) =>
  writeTexts(
    project,
    MCP_TOOLS.map((tool) => planMcpConfig(project, tool)),
  );

const readJson = (project: Project, path: string): unknown => JSON.parse(project.read(path) ?? '');

it('adds the server for each tool where that tool looks, and takes it out again', () => {
  using place = makeProject();
  const { project } = place;
  writeAll(project);
  expect(readJson(project, '.mcp.json')).toEqual({ mcpServers: { touchstone: SERVER } });
  expect(readJson(project, '.cursor/mcp.json')).toEqual({ mcpServers: { touchstone: SERVER } });
  expect(readJson(project, '.vscode/mcp.json')).toEqual({ servers: { touchstone: SERVER } });
  expect(new Set(writeAll(project).map(({ done }) => done))).toEqual(new Set(['unchanged']));
  writeTexts(project, planMcpRemoval(project));
  expect(project.list('.')).toEqual(['package.json']);
});

it('keeps the other servers of a project, their order and their indentation', () => {
  const before = `${JSON.stringify({ mcpServers: { db: { command: 'db' } }, inputs: [] }, null, 4)}\n`;
  using place = makeProject({ '.mcp.json': before });
  writeAll(place.project);
  expect(place.project.read('.mcp.json')).toMatch(/^\{\n {4}"mcpServers": \{\n {8}"db"/);
  writeTexts(place.project, planMcpRemoval(place.project));
  expect(place.project.read('.mcp.json')).toBe(before);
});

it('leaves a configuration with comments alone, and says what to add', () => {
  const text = '{ "servers": {} } // ours\n';
  using place = makeProject({ '.vscode/mcp.json': text });
  expect(() => planMcpConfig(place.project, 'vscode')).toThrow(`"touchstone":{"type":"stdio"`);
  expect(planMcpRemoval(place.project)).toEqual([]);
});

it('writes skills, and removes those that nobody edited', () => {
  using place = makeProject();
  const { project } = place;
  const skills = new Map([
    ['touchstone/SKILL.md', 'one\n'],
    ['touchstone-jobs/SKILL.md', 'two\n'],
  ]);
  writeTexts(project, planSkills(skills));
  project.write('.claude/skills/touchstone-jobs/SKILL.md', 'mine\n');
  writeTexts(project, planSkillRemoval(project, skills));
  expect(project.list('.claude/skills')).toEqual(['touchstone-jobs']);
});
