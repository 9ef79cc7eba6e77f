import { definePlugin } from '@astrojs/starlight/expressive-code';
import { findPattern } from './pattern-of-page.ts';

/** Titles the code of a pattern page: a snippet by its file, an output by its command. */
export const exampleBlocks = definePlugin({
  name: 'example-blocks',
  hooks: {
    preprocessMetadata({ codeBlock: { parentDocument, metaOptions, props } }) {
      const id = findPattern(parentDocument?.sourceFilePath ?? '');
      if (!id) return;
      const source = metaOptions.getString('source');
      const output = metaOptions.getString('output');
      if (source) props.title = source.replace(/#.*/, '');
      if (output) Object.assign(props, { title: describeCommand(id, output), frame: 'terminal' });
    },
  },
});

/** The command that prints an output: `demo` has a short one, any other file is run by Node. */
function describeCommand(id: string, output: string): string {
  if (output === 'demo') return `npm run example ${id} -- --demo`;
  return `node examples/${id}/${output}.ts`;
}
