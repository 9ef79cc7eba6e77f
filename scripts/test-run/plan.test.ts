import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createSampleTree,
  SAMPLE_ID,
  SAMPLE_PAGE,
  SAMPLE_SOURCE,
  SAMPLE_TEXT,
  type SampleTree,
} from '../testing/sample-tree.ts';
import { planRun } from './plan.ts';
import { listSteps } from './steps.ts';

const GUIDE = 'docs/content/docs/guides/start.md';
/** No commit changes these: they are there to be sampled. */
const OTHERS = ['auth/a', 'auth/b', 'auth/c', 'auth/d', 'auth/e'];

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
  for (const id of OTHERS) copySample(id);
  tree.write(GUIDE, 'Start.\n');
  git('init', '--quiet', '--initial-branch=main');
  commit('All');
  tree.write('README.md', 'Nothing of a pattern.\n');
  commit('Read me');
});

afterEach(() => tree.remove());

describe('what changed', () => {
  it('is nothing when the last commit changed no pattern', () => {
    const { examples, pages } = planRun(tree.root, {});
    expect(pages).toEqual([]);
    expect(examples).toHaveLength(1);
  });

  it.each([
    ['the page', SAMPLE_PAGE, `${SAMPLE_TEXT}\nMore.\n`],
    ['the example', `examples/${SAMPLE_ID}/more.ts`, 'more();\n'],
  ])('is %s, though its proof was recorded again and committed', (_, file, text) => {
    tree.write(file, text);
    tree.prove();
    commit('Change it');
    const { examples, pages, description } = planRun(tree.root, {});
    expect(examples).toContain(SAMPLE_ID);
    expect(pages).toEqual([`/patterns/${SAMPLE_ID}/`]);
    expect(description.join('\n')).toContain(
      `${git('rev-parse', 'HEAD~1').slice(0, 12)}: ${SAMPLE_ID}`,
    );
  });

  it('is also what is not committed, in a file that git knows or does not know', () => {
    tree.write(SAMPLE_PAGE, `${SAMPLE_TEXT}\nMore.\n`);
    tree.write('examples/auth/a/new.ts', 'more();\n');
    expect(planRun(tree.root, {}).examples).toEqual(expect.arrayContaining(['auth/a', SAMPLE_ID]));
  });

  it('is all that the branch changed since it left origin/main', () => {
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    changePage();
    tree.write('README.md', 'Something else.\n');
    commit('Another');
    expect(planRun(tree.root, {}).examples).toContain(SAMPLE_ID);
  });

  it('is all since the revision that is named', () => {
    changePage();
    for (const text of ['one', 'two']) {
      tree.write('README.md', text);
      commit(text);
    }
    expect(planRun(tree.root, {}).pages).toEqual([]);
    expect(planRun(tree.root, { base: 'HEAD~3' }).pages).toEqual([`/patterns/${SAMPLE_ID}/`]);
  });

  it('is the page of a guide too, while it is there', () => {
    tree.write(GUIDE, 'Start here.\n');
    tree.write('docs/content/docs/index.mdx', 'Home.\n');
    expect(planRun(tree.root, {}).pages).toEqual(['/guides/start/', '/']);
    rmSync(`${tree.root}/${GUIDE}`);
    expect(planRun(tree.root, {}).pages).toEqual(['/']);
  });

  it('is not a pattern that is gone', () => {
    rmSync(`${tree.root}/examples/auth/a`, { recursive: true });
    rmSync(`${tree.root}/patterns/auth/a.md`);
    const { examples, pages } = planRun(tree.root, {});
    expect([...examples, pages].join()).not.toContain('auth/a');
  });

  it('is unknown, and said to be, without git', () => {
    rmSync(`${tree.root}/.git`, { recursive: true });
    expect(planRun(tree.root, {}).description.join('\n')).toContain('git tells nothing here');
  });

  it('names a revision that git does not have', () => {
    expect(() => planRun(tree.root, { base: 'nowhere' })).toThrow('git has no commit "nowhere"');
  });
});

describe('the plan', () => {
  it('has the patterns that build on one that changed, and no others for that reason', () => {
    const importing = "import '../../jobs/queue/jobs.ts';\n";
    commitAs('a while ago', () => {
      tree.write('examples/auth/a/jobs.ts', importing);
      tree.prove({}, 'auth/a');
    });
    expect(planRun(tree.root, {}).description.join('\n')).toContain('stale proof: none');
    tree.write(`examples/${SAMPLE_ID}/jobs.ts`, `${SAMPLE_SOURCE}more();\n`);
    tree.prove();
    const { examples, description } = planRun(tree.root, {});
    expect(description.join('\n')).toContain('stale proof: auth/a\n');
    expect(examples).toEqual(expect.arrayContaining(['auth/a', SAMPLE_ID]));
  });

  it('has an example whose proof is of other sources, or is not there', () => {
    commitAs('a while ago', () => {
      tree.write('examples/auth/a/jobs.ts', `${SAMPLE_SOURCE}// more\n`);
      rmSync(`${tree.root}/examples/auth/b/proof.json`);
    });
    const { examples, description } = planRun(tree.root, {});
    expect(examples).toEqual(expect.arrayContaining(['auth/a', 'auth/b']));
    expect(description.join('\n')).toContain('stale proof: auth/a, auth/b');
  });

  it('draws by the last commit, unless it is given a seed', () => {
    const drawn = new Set(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((seed) => planRun(tree.root, { seed }).examples.join()),
    );
    expect(drawn.size).toBeGreaterThan(1);
    const head = git('rev-parse', 'HEAD').trim();
    expect(planRun(tree.root, {})).toEqual(planRun(tree.root, { seed: head }));
  });

  it('is all patterns and all pages when asked', () => {
    const { examples, pages } = planRun(tree.root, { all: true });
    expect(examples).toEqual([...OTHERS, SAMPLE_ID]);
    expect(pages).toBeUndefined();
  });

  it('refuses a choice for a run that chooses nothing', () => {
    expect(() => planRun(tree.root, { all: true, seed: 'a' })).toThrow('leave out --all');
    expect(() => planRun(tree.root, { shard: '1/2', base: 'HEAD' })).toThrow('leave out --all');
  });
});

describe('the shards of a run', () => {
  it.each([1, 3, 8])('take each example and each step once among %i', (count) => {
    const plans = Array.from({ length: count }, (_, index) =>
      planRun(tree.root, { shard: `${index + 1}/${count}` }),
    );
    expect(plans.flatMap(({ examples }) => examples).sort()).toEqual([...OTHERS, SAMPLE_ID]);
    const once = plans.flatMap((plan) => listSteps(plan)).filter((step) => step.once);
    const all = listSteps(planRun(tree.root, { all: true })).filter((step) => step.once);
    expect(once.map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  });

  it('has no step for examples when it has none: without ids that step would test all', () => {
    const names = listSteps(planRun(tree.root, { shard: '8/8' })).map(({ name }) => name);
    expect(names).not.toEqual(expect.arrayContaining(['example tests']));
    expect(names).not.toEqual(expect.arrayContaining(['proof']));
    expect(names).not.toEqual(expect.arrayContaining(['copied tests']));
    expect(names).toContain('pages');
  });
});

function copySample(id: string): void {
  for (const name of ['package.json', 'jobs.ts', 'jobs.test.ts', 'proof.json'])
    tree.write(`examples/${id}/${name}`, tree.read(`examples/${SAMPLE_ID}/${name}`));
  tree.write(`patterns/${id}.md`, SAMPLE_TEXT);
}

function changePage(): void {
  tree.write(SAMPLE_PAGE, `${SAMPLE_TEXT}\nMore.\n`);
  commit('Change the page');
}

/** Commits the change and another after it, so that it is no longer what the last commit changed. */
function commitAs(message: string, change: () => void): void {
  change();
  commit(message);
  tree.write('README.md', message);
  commit('Later');
}

function commit(message: string): void {
  git('add', '--all');
  git('commit', '--quiet', '--message', message);
}

function git(...words: string[]): string {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', [...author, ...words], { cwd: tree.root, encoding: 'utf8' });
}
