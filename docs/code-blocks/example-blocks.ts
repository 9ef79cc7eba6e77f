import { definePlugin } from '@astrojs/starlight/expressive-code';
import {
  addClassName,
  h,
  matches,
  select,
  setProperty,
} from '@astrojs/starlight/expressive-code/hast';
import { findPatternId } from '../patterns/find-pattern-id.ts';
import { findChild } from './find-child.ts';
import { nameSnippet } from './name-snippet.ts';

type CodeBlock = {
  parentDocument?: { sourceFilePath?: string | undefined } | undefined;
  metaOptions: { getString: (key: string) => string | undefined };
};
type Element = Parameters<typeof setProperty>[0];

/** Titles the code of a pattern, a snippet by its file, an output by its command; names what it shows, and marks what is wrong. */
export const exampleBlocks = definePlugin({
  name: 'example-blocks',
  hooks: {
    preprocessMetadata({ codeBlock }) {
      const { metaOptions, props } = codeBlock;
      const id = findShownPattern(codeBlock);
      if (!id) return;
      const source = metaOptions.getString('source');
      const output = metaOptions.getString('output');
      if (source) props.title = source.replace(/#.*/, '');
      if (output)
        Object.assign(props, { title: describeCommand(id, output), frame: 'terminal', wrap: true });
    },
    postprocessRenderedBlock({ codeBlock: { metaOptions, props }, renderData: { blockAst } }) {
      const source = metaOptions.getString('source');
      const output = metaOptions.getString('output');
      const versus = metaOptions.getString('versus');
      if (metaOptions.getString('excerpt')) removeCopyButton(blockAst);
      else nameBlock(blockAst, source ?? output);
      if (versus) setProperty(blockAst, 'data-versus', versus);
      if (output) copyCommand(blockAst, props.title ?? '');
      if (isNaive(source ?? output)) warn(blockAst, source === undefined ? 'fails' : 'do not use');
    },
  },
});

/** The pattern that a block of code shows: the fence names it, or the page is its own. */
export function findShownPattern({ parentDocument, metaOptions }: CodeBlock): string | undefined {
  return metaOptions.getString('pattern') ?? findPatternId(parentDocument?.sourceFilePath ?? '');
}

function nameBlock(block: Element, shows: string | undefined): void {
  if (!shows) return;
  setProperty(block, 'data-shows', shows);
  setProperty(block, 'id', nameSnippet(shows));
}

const isNaive = (shows = ''): boolean => /^naive\b/.test(shows);

/** The naive way is there to be seen, not to be copied. */
function warn(block: Element, words: string): void {
  addClassName(block, 'wrong');
  findChild(block, 'figcaption')?.children.push(h('span.flag', words));
  if (words === 'do not use') removeCopyButton(block);
}

function removeCopyButton(block: Element): void {
  block.children = block.children.filter((child) => !matches('.copy', child));
}

/** What a program printed is of no use elsewhere; the command that printed it is. */
function copyCommand(block: Element, command: string): void {
  const button = select('.copy button', block);
  if (!button) return;
  Object.assign(button.properties, { dataCode: command, title: 'Copy the command' });
}

/** The command that prints an output: the two demos have a short one, any other file is run by Node. */
function describeCommand(id: string, output: string): string {
  if (output === 'demo') return `npm run example ${id} -- --demo`;
  if (output === 'naive-demo') return `npm run example ${id} -- --naive`;
  return `npx node examples/${id}/${output}.ts`;
}
