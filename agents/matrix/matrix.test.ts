import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findFreePort } from '../../examples/kit/programs/free-port.ts';
import { waitUntil } from '../../examples/kit/time/wait.ts';
import { ROOT } from '../../scripts/files/root.ts';
import { NPX } from '../library/package-name.ts';
import { makeFolder, makeProject } from '../testing/test-library.ts';
import { fetchNode } from './fetch-node.ts';
import { mustRun, runLine, startServer } from './run-in-project.ts';
import { installWithNpm, SAMPLE_PROJECTS, type SampleProject } from './sample-projects.ts';

/** `npm test -- --all` tries every kind of project; without it, the one that differs most does. */
const isAll = process.env.TOUCHSTONE_ALL === '1';

const PATTERNS = 'webhook-receiving background-jobs refresh-token-rotation tenant-isolation-rls';
const ADD = `${NPX} add ${PATTERNS}`;
const PATIENCE_MS = 1_200_000;
const POLYFILL = join(import.meta.dirname, 'async-disposable-stack.mjs');

let tarball: string;

beforeAll(async () => {
  const place = makeFolder();
  const words = `npm pack ./agents --pack-destination ${place.folder} --silent`;
  const printed = await mustRun(words, { folder: ROOT });
  tarball = join(place.folder, printed.trim().split('\n').at(-1) ?? '');
  return () => place[Symbol.dispose]();
}, PATIENCE_MS);

/** The project in a folder, with its packages and this one. */
async function openProject({ files, app, install }: SampleProject) {
  const place = makeProject(files);
  onTestFinished(() => place[Symbol.dispose]());
  const folder = join(place.folder, app);
  await mustRun(install(tarball), { folder });
  return { folder, patterns: join(folder, 'src/patterns') };
}

type Look = (url: string) => Promise<void>;

async function answers(start: string, folder: string, look?: Look): Promise<void> {
  const port = await findFreePort();
  await using _ = startServer(start, { folder, port });
  const url = `http://127.0.0.1:${port}`;
  const get = async () => {
    const answer = await fetch(url).catch(() => undefined);
    return (await answer?.text()) === 'Hello';
  };
  await waitUntil('the app answers', get);
  await look?.(url);
}

/** The command that `add` says the failure tests are run with. */
function findTestCommand(printed: string): string {
  const [, command] = /Run the failure tests: (.+)/.exec(printed) ?? [];
  if (command) return command;
  throw new Error(`add names no command for the tests:\n${printed}`);
}

const names = Object.keys(SAMPLE_PROJECTS) as (keyof typeof SAMPLE_PROJECTS)[];

describe.each(isAll ? names : names.slice(0, 1))('a project of %s', (name) => {
  it(
    'builds, passes its tests and starts as before, and passes those that were copied',
    async () => {
      const project: SampleProject = SAMPLE_PROJECTS[name];
      const { folder } = await openProject(project);
      const checkProject = async () => {
        if (project.build) await mustRun(project.build, { folder });
        await mustRun(project.test, { folder });
        await answers(project.start, folder);
      };
      if (isAll) await checkProject(); // so that what fails below did not fail before

      const printed = await mustRun(`${ADD} --with-tests`, { folder });
      const [, manager = ''] = /npx --yes (\w+)/.exec(project.install()) ?? ['', 'npm'];
      expect(printed).toContain(`Install the packages: ${manager} install`);
      await mustRun(project.install(), { folder });
      await mustRun(`${NPX} verify`, { folder });
      await checkProject();
      if (project.wiring) {
        for (const [path, text] of Object.entries(project.wiring.files))
          writeFileSync(join(folder, path), text);
        if (project.build) await mustRun(project.build, { folder });
        await answers(project.start, folder, project.wiring.check);
      }
      const only = isAll ? '' : ' refresh-token-rotation';
      await mustRun(findTestCommand(printed) + only, { folder });
    },
    PATIENCE_MS,
  );
});

// Not skipped but left out: a skipped test is one that should have run.
if (isAll) describe('on another Node', testOtherNodes);
if (isAll) describe('a new service', testNewService);

/** What its owner is told to do: the tokens belong to users, which are their own. */
function addUsers(folder: string) {
  const [name = ''] = globSync('*-refresh-token-rotation.up.sql', { cwd: folder });
  const file = join(folder, name);
  writeFileSync(file, `create table users (id uuid primary key);\n${readFileSync(file, 'utf8')}`);
}

const NEW_ORDER = { customer: 'Ada', cents: 4200 };

function testNewService() {
  it(
    'compiles, passes its tests and takes an order, with patterns that are added to it',
    async () => {
      const place = makeFolder();
      onTestFinished(() => place[Symbol.dispose]());
      const ids = 'integrations/webhook-receiving,auth/refresh-token-rotation';
      const create = `npm exec --yes --prefer-offline --package=${tarball} -- touchstone create shop --with ${ids}`;
      expect(await mustRun(create, place)).toContain('Start it: npm start');

      const folder = join(place.folder, 'shop');
      await mustRun(installWithNpm(tarball), { folder });
      await mustRun('npm run check', { folder });
      addUsers(join(folder, 'src/migrations'));
      await mustRun('npm test', { folder });
      await mustRun('npm run test:patterns', { folder });
      await mustRun(`${NPX} verify`, { folder });

      const port = await findFreePort();
      await using _ = startServer('node src/main.ts', { folder, port });
      const url = `http://127.0.0.1:${port}`;
      const isReady = async () =>
        (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;
      await waitUntil('it is ready', isReady);
      const { status } = await fetch(`${url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(NEW_ORDER),
      });
      expect(status).toBe(201);
    },
    PATIENCE_MS,
  );
}

function testOtherNodes() {
  const project = SAMPLE_PROJECTS['Express, ES modules and npm'];
  let nodes: { folder: string };

  beforeAll(() => {
    const place = makeFolder();
    nodes = place;
    return () => place[Symbol.dispose]();
  });

  it(
    '20 nothing is written, and what is missing is said',
    async () => {
      const node = await fetchNode(nodes.folder, '20.20.2');
      const { folder, patterns } = await openProject(project);
      const { code, output } = await runLine(ADD, { folder, node });
      expect({ code, output }).toEqual({
        code: 2,
        output: expect.stringContaining('the patterns need Node 22 or newer, and this is 20.20.2'),
      });
      expect(existsSync(patterns)).toBe(false);
    },
    PATIENCE_MS,
  );

  it(
    '22 the code runs, and its tests do with what that Node lacks',
    async () => {
      const node = await fetchNode(nodes.folder, '22.23.5');
      const { folder } = await openProject(project);
      const refused = await runLine(`${ADD} --with-tests`, { folder, node });
      expect(refused.output).toContain('the failure tests need Node 24 or newer');
      await mustRun(ADD, { folder, node });
      await mustRun(project.install(), { folder, node });
      await mustRun('npm run build', { folder, node });

      await mustRun(`${ADD} --with-tests`, { folder });
      await mustRun(project.install(), { folder });
      // take-turns.ts is for browsers: Node has its locks from 24 on.
      const tests = 'npx vitest run --root src/patterns/.tests webhook jobs tenant';
      await mustRun(`NODE_OPTIONS="--import ${POLYFILL}" ${tests}`, { folder, node });
    },
    PATIENCE_MS,
  );

  it(
    '24 all is as on the newest',
    async () => {
      const node = await fetchNode(nodes.folder, '24.22.3');
      const { folder } = await openProject(project);
      const printed = await mustRun(`${ADD} --with-tests`, { folder, node });
      await mustRun(project.install(), { folder, node });
      await mustRun('npm run build', { folder, node });
      await mustRun(findTestCommand(printed), { folder, node });
    },
    PATIENCE_MS,
  );
}
