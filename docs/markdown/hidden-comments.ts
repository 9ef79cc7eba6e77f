import type { MdastPluginDefinition } from 'satteri';

/** Leaves HTML comments, such as the markers of generated blocks, out of the built page. */
export const hiddenComments: MdastPluginDefinition = {
  name: 'hidden-comments',
  html(node, context) {
    if (/^<!--[\s\S]*-->$/.test(node.value.trim())) context.removeNode(node);
  },
};
