import { z } from 'zod';
import { NPX } from '../library/package-name.ts';
import { type AddPlan, planAdd } from '../project/plan-add.ts';
import type { Project } from '../project/project.ts';
import { maxTokens, takeFitting } from './answer-size.ts';
import type { Context } from './context.ts';
import { imagineProject, locateProject } from './target-project.ts';
import type { Tool, ToolAnswer } from './tool.ts';
import { ID_ALIASES } from './tool-input.ts';

const folder = z
  .string()
  .max(100)
  .refine((path) => /^[\w@.-]+(\/[\w@.-]+)*$/.test(path) && !path.split('/').includes('..'), {
    error: 'a folder inside the project, such as src/patterns',
  });

const shared = z.object({
  id: z.string().min(1).max(200),
  directory: folder.optional().describe('such as src/patterns'),
  migrations: folder.optional(),
  imports: z.enum(['ts', 'js']).optional(),
  withTests: z.boolean().optional(),
  maxTokens,
});

const local = shared.extend({
  dir: z.string().min(1).max(1_000).default('.').describe('project root'),
});

const remote = shared.extend({
  packageManager: z.enum(['npm', 'pnpm', 'yarn', 'bun']).default('npm'),
  dependencies: z
    .record(z.string().max(214), z.string().max(200))
    .refine((packages) => Object.keys(packages).length <= 300, { error: 'at most 300 packages' })
    .default({})
    .describe('of package.json'),
});

const DIR_ALIASES = ['cwd', 'root', 'projectDir', 'project_dir', 'project'];

/** Versions by package; in `allowScripts`, whether its script may run. */
const entries = z.record(z.string(), z.union([z.string(), z.boolean()]));

const output = z.object({
  patterns: z.array(z.string()),
  asked: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), state: z.string() })),
  packages: z.record(z.string(), entries),
  environment: z.array(z.string()),
  next: z.array(z.string()),
  command: z.string(),
  leftOut: z.number().optional(),
});

const SHARED = {
  name: 'plan_add_pattern',
  description: 'Plan which files, packages and steps a pattern adds to a project. Writes nothing.',
  aliases: {
    id: [...ID_ALIASES, 'ids'],
    directory: ['srcDir', 'src_dir'],
    withTests: ['tests', 'with_tests'],
    packageManager: ['package_manager', 'manager'],
    dependencies: ['deps', 'packages'],
    dir: DIR_ALIASES,
    maxTokens: ['tokens', 'max_tokens'],
  },
  output,
};

/** Plans what adding a pattern changes in a project on this machine. */
export function planAddLocally(context: Context) {
  return {
    ...SHARED,
    input: local,
    answer: ({ dir, ...input }) => plan(context, locateProject(dir), input),
  } satisfies Tool<typeof local>;
}

/** Plans it for a project of which the caller tells the settings: nothing is read of this disk. */
export function planAddRemotely(context: Context) {
  return {
    ...SHARED,
    input: remote,
    refusal: {
      names: ['dir', ...DIR_ALIASES],
      reason:
        'the server reads no folder over HTTP; pass directory, imports and dependencies instead',
    },
    answer: ({ packageManager, dependencies, ...input }) => {
      const project = imagineProject({ packageManager, dependencies });
      // Who names `.js` has a compiler that writes it.
      return plan(context, project, { ...input, emits: input.imports === 'js' });
    },
  } satisfies Tool<typeof remote>;
}

function plan({ library, find }: Context, project: Project, input: AddInput): ToolAnswer {
  const { id } = find(input.id);
  const planned = planAdd(library, project, [id], input);
  const data = describe(planned, writeCommand(id, input));
  const budget = input.maxTokens - ROOM_FOR_NOTE;
  const files = takeFitting(data.files, budget, (files) => JSON.stringify({ ...data, files }));
  const leftOut = data.files.length - files.length;
  if (leftOut === 0) return { text: write(data), data };
  const text = `${write({ ...data, files })}\n${leftOut} files left out: pass a larger maxTokens.`;
  return { text, data: { ...data, files, leftOut } };
}

type AddInput = z.output<typeof shared> & { emits?: boolean };
type Described = z.output<typeof output>;

const ROOM_FOR_NOTE = 30;

function describe(plan: AddPlan, command: string) {
  const { patterns, asked, packages, environment } = plan;
  const files = plan.files.map(({ path, state }) => ({ path, state }));
  const next = [...plan.unmet.map((fault) => `First: ${fault}.`), ...plan.next];
  return { patterns, asked, files, packages: { ...packages }, environment, next, command };
}

/** The command that does what is planned. */
function writeCommand(id: string, { directory, migrations, imports, withTests }: AddInput): string {
  return [
    `${NPX} add ${id}`,
    ...(directory === undefined ? [] : [`--dir ${directory}`]),
    ...(migrations === undefined ? [] : [`--migrations ${migrations}`]),
    ...(imports === undefined ? [] : [`--imports ${imports}`]),
    ...(withTests ? ['--with-tests'] : []),
  ].join(' ');
}

function write({ patterns, asked, files, packages, next, command }: Described): string {
  const along = patterns.filter((id) => !asked.includes(id));
  const needs = along.length > 0 ? `, and what it builds on: ${along.join(', ')}` : '';
  return [
    `Adding ${asked.join(', ')}${needs}. To do it: ${command}`,
    ...files.map(({ path, state }) => `${state}: ${path}`),
    ...Object.entries(packages).map(([field, list]) => `${field}: ${writePackages(list)}`),
    ...next.map((step, index) => `${index + 1}. ${step}`),
  ].join('\n');
}

const writePackages = (packages: z.output<typeof entries>): string =>
  Object.entries(packages)
    .map(([name, value]) => (typeof value === 'string' ? `${name}@${value}` : `${name}: ${value}`))
    .join(', ');
