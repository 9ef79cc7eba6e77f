import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import type { Command } from '../command.ts';
import { COMMAND_NAMES } from '../command-names.ts';

const WORDS = COMMAND_NAMES.join(' ');

const SCRIPTS: Record<string, string> = {
  bash: `_touchstone() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "${WORDS}" -- "$word"))
  else COMPREPLY=($(compgen -W "$(touchstone list | cut -f1)" -- "$word")); fi
}
complete -F _touchstone touchstone`,
  zsh: `#compdef touchstone
_touchstone() {
  if (( CURRENT == 2 )); then compadd ${WORDS}
  else compadd $(touchstone list | cut -f1); fi
}
compdef _touchstone touchstone`,
  fish: `complete -c touchstone -f
complete -c touchstone -n __fish_use_subcommand -a '${WORDS}'
complete -c touchstone -n 'not __fish_use_subcommand' -a '(touchstone list | cut -f1)'`,
};

export const completion: Command = {
  usage: `touchstone completion bash|zsh|fish

Prints a script that completes commands and ids.

  touchstone completion bash >> ~/.bashrc
  touchstone completion fish > ~/.config/fish/completions/touchstone.fish`,
  run({ words: [shell = ''] }) {
    const text = SCRIPTS[shell];
    if (text === undefined)
      throw new UsageError(
        `name your shell: touchstone completion ${Object.keys(SCRIPTS).join('|')}`,
      );
    return { code: 0, data: { shell, script: text }, text };
  },
};
