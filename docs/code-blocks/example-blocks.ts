import { definePlugin } from '@astrojs/starlight/expressive-code';
import { select, setProperty } from '@astrojs/starlight/expressive-code/hast';
import { findPatternId } from '../patterns/find-pattern-id.ts';

/** Titles the code of a pattern page, a snippet by its file, an output by its command; and names what it shows. */
export const exampleBlocks = definePlugin({
  name: 'example-blocks',
  hooks: {
    preprocessMetadata({ codeBlock: { parentDocument, metaOptions, props } }) {
      const id = findPatternId(parentDocument?.sourceFilePath ?? '');
      if (!id) return;
      const source = metaOptions.getString('source');
      const output = metaOptions.getString('output');
      if (source) props.title = source.replace(/#.*/, '');
      if (output) Object.assign(props, { title: describeCommand(id, output), frame: 'terminal' });
    },
    postprocessRenderedBlock({ codeBlock: { metaOptions, props }, renderData: { blockAst } }) {
      const output = metaOptions.getString('output');
      const shows = metaOptions.getString('source') ?? output;
      const versus = metaOptions.getString('versus');
      if (shows) setProperty(blockAst, 'data-shows', shows);
      if (versus) setProperty(blockAst, 'data-versus', versus);
      if (output) copyCommand(blockAst, props.title ?? '');
    },
  },
});

type Element = Parameters<typeof setProperty>[0];

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
