import type { HastPluginDefinition } from 'satteri';

/** A command that can be run unchanged: one with a `<blank>` to fill in cannot. */
const COMMAND = /^(npm (run|test|start)\b[^<…\n]*|(npx|node) [^<…\n]+)$/;

/** Marks commands in a text: they keep room for the button that a script puts there. */
export const commands: HastPluginDefinition = {
  name: 'commands',
  element: {
    filter: ['code'],
    visit(code, context) {
      if (COMMAND.test(context.textContent(code)))
        context.setProperty(code, 'className', ['command']);
    },
  },
};
