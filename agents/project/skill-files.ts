import type { Project } from './project.ts';
import type { PlannedText } from './tool-config.ts';

const FOLDER = '.claude/skills';

/** The skills of the package in the folder of a project's own. */
export const planSkills = (skills: ReadonlyMap<string, string>): PlannedText[] =>
  [...skills].map(([path, text]) => ({ path: `${FOLDER}/${path}`, text }));

/** Those that are there as they were written; one that was edited stays. */
export const planSkillRemoval = (
  project: Project,
  skills: ReadonlyMap<string, string>,
): PlannedText[] =>
  planSkills(skills)
    .filter(({ path, text }) => project.read(path) === text)
    .map(({ path }) => ({ path, text: undefined }));
