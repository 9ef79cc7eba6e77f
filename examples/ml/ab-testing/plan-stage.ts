/** What runs: which version answers, and which one is on trial. */
export type Plan = { live: string } & Trial;

/** A trial, or none. */
export type Trial =
  | { stage: 'live'; candidate: null; share: null; trial: null }
  | { stage: 'shadow'; candidate: string; share: null; trial: number }
  | {
      stage: 'canary';
      candidate: string;
      share: number;
      trial: number;
    };

/** What an operator, or the judge, wants. */
export type Command =
  | { to: 'shadow'; version: string }
  | { to: 'canary'; share: number }
  | { to: 'live'; version?: string | undefined }
  | { to: 'rollback' };

type Before = Plan & { revision: number };

const NO_TRIAL = {
  stage: 'live',
  candidate: null,
  share: null,
  trial: null,
} as const;

/** What a command makes of what runs; undefined when it does not fit. */
export function planStage(
  now: Before | undefined,
  liveBefore: string | undefined,
  command: Command,
): Plan | undefined {
  if (!now) return planFirst(command);
  const { stage, live, candidate, trial } = now;
  switch (command.to) {
    case 'shadow':
      if (stage !== 'live' || command.version === live) return;
      return {
        stage: 'shadow',
        live,
        candidate: command.version,
        share: null,
        trial: now.revision + 1,
      };
    case 'canary':
      // Shrinking would send users back and forth: roll back instead.
      if (stage === 'live' || command.share <= Number(now.share))
        return;
      return {
        ...{ stage: 'canary', live, candidate, trial },
        share: command.share,
      };
    case 'live':
      if (stage !== 'canary' || command.version) return;
      return { ...NO_TRIAL, live: candidate };
    case 'rollback':
      if (stage !== 'live') return { ...NO_TRIAL, live };
      return liveBefore ? { ...NO_TRIAL, live: liveBefore } : undefined;
  }
}

/** The first version has nothing to be compared with. */
function planFirst(command: Command): Plan | undefined {
  if (command.to !== 'live' || !command.version) return undefined;
  return { ...NO_TRIAL, live: command.version };
}
