import { UsageError } from '../../../scripts/command-line/usage-error.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { listCommands } from '../command-list.ts';

const WORDS = listCommands()
  .map(([name]) => name)
  .join(' ');

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

/** Writes the completion script of a shell. */
export function completion({ words: [shell = ''] }: CliInput): CommandResult {
  const text = SCRIPTS[shell];
  if (text === undefined)
    throw new UsageError(
      `name your shell: touchstone completion ${Object.keys(SCRIPTS).join('|')}`,
    );
  return { code: 0, data: { shell, script: text }, text };
}
