import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { TESTS_NODE_FLOOR } from '../library/floors.ts';
import type { Library } from '../library/open-library.ts';
import { applyPlan } from './apply-plan.ts';
import { type AddOptions, type AddPlan, planAdd } from './plan-add.ts';
import { openProject } from './project.ts';
import { ProjectError } from './project-error.ts';
import { SERVICE_FOLDERS, writeCodeFiles, writeProjectFiles } from './service-files.ts';

/** A service that was written. */
export type CreatedService = {
  name: string;
  folder: string;
  /** The files that are its owner's, by their paths. */
  files: string[];
  /** What it builds on, with the tests of the service. */
  base: AddPlan;
  /** The patterns that were asked for besides; undefined for none. */
  added: AddPlan | undefined;
};

/** Writes a new service into a folder that is empty or not there; refuses before anything is written. */
export function createService(library: Library, folder: string, ids: string[]): CreatedService {
  refuseOldNode();
  refuseFullFolder(folder);
  const service = library.readService();
  const name = toPackageName(folder);
  mkdirSync(folder, { recursive: true });
  const project = openProject(folder);
  const add = (patterns: string[], options: AddOptions) => {
    const plan = planAdd(library, project, patterns, options);
    applyPlan(library, project, plan);
    return plan;
  };
  const write = (texts: ReadonlyMap<string, string>) => {
    for (const [path, text] of texts) project.write(path, text);
    return [...texts.keys()];
  };

  const around = write(writeProjectFiles(name, service));
  const base = add(service.patterns, { ...SERVICE_FOLDERS, testsOf: [service.id] });
  // Behind the migrations of the patterns, which come first.
  const code = write(writeCodeFiles(name, service));
  const added = ids.length > 0 ? add(ids, { withTests: true, migratesAtStart: true }) : undefined;
  return { name, folder: project.root, files: [...around, ...code], base, added };
}

function refuseOldNode(node = process.versions.node): void {
  if (Number.parseInt(node, 10) >= TESTS_NODE_FLOOR) return;
  throw new ProjectError(
    `a new service needs Node ${TESTS_NODE_FLOOR} or newer, and this is ${node}: update Node`,
  );
}

function refuseFullFolder(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new ProjectError(`${folder} is a file: name a folder that is empty or not there`);
  if (readdirSync(folder).some((name) => name !== '.git'))
    throw new ProjectError(
      `${folder} is not empty: name another folder, or add single patterns to what is there with touchstone add`,
    );
}

/** What npm takes for a name: lower-case letters, digits and hyphens. */
function toPackageName(folder: string): string {
  const words = basename(folder)
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return words?.join('-') ?? 'service';
}
