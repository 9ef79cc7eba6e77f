import type { Project } from './project.ts';

/** The text of a JSON file of a project, in the indentation and with the end that the file has. */
export function writeJson(project: Project, path: string, value: unknown): string {
  const text = project.read(path) ?? '\n';
  const indent = /^[ \t]+/m.exec(text)?.[0] ?? '  ';
  return JSON.stringify(value, null, indent) + (text.endsWith('\n') ? '\n' : '');
}
