/** What runs: which version answers, and which one is on trial. */
export type Plan = {
  live: string;
  /** Where a rollback goes, the latest last. */
  earlier: string[];
  trial: Trial | null;
};

/** A candidate beside the live version. */
export type Trial = {
  candidate: string;
  /** The revision in which the shadow or the canary began. */
  number: number;
  /** Of the users; 0 in the shadow, where none meets it. */
  share: number;
};

/** What an operator, or the judge, wants. */
export type Command =
  | { to: 'shadow'; candidate: string }
  | { to: 'canary'; share: number }
  | { to: 'live' }
  | { to: 'rollback' };

// #region plan-stage
/** What a command makes of a stage; undefined when it does not fit. */
export function planStage(
  now: Plan & { revision: number },
  command: Command,
): Plan | undefined {
  const { live, earlier, trial, revision } = now;
  switch (command.to) {
    case 'shadow': {
      const { candidate } = command;
      if (trial || candidate === live) return undefined;
      const number = revision + 1;
      return { live, earlier, trial: { candidate, number, share: 0 } };
    }
    case 'canary': {
      const { share } = command;
      // Shrinking would send users back and forth: roll back instead.
      if (!trial || !(share > trial.share && share <= 0.5))
        return undefined;
      const isNew = trial.share === 0;
      const number = isNew ? revision + 1 : trial.number;
      return { live, earlier, trial: { ...trial, number, share } };
    }
    case 'live': {
      if (!trial?.share) return undefined;
      const { candidate } = trial;
      const others = earlier.filter((version) => version !== candidate);
      return {
        live: candidate,
        earlier: others.concat(live),
        trial: null,
      };
    }
    case 'rollback': {
      if (trial) return { live, earlier, trial: null };
      const last = earlier.at(-1);
      // What is rolled back is in no list: nothing goes back to it.
      if (!last) return undefined;
      return { live: last, earlier: earlier.slice(0, -1), trial: null };
    }
  }
}
// #endregion plan-stage
