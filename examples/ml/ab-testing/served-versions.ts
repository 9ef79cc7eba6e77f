import type { ModelVersion } from './model-card.ts';
import type { ModelStages, Stage } from './model-stages.ts';
import type { RunningModel } from './model-thread.ts';
import { UnavailableError } from './unavailable-error.ts';

/** What this server runs of what shall run. */
export type Served = {
  stage: Stage;
  live: RunningModel;
  /** Undefined without a trial, and when it cannot be loaded. */
  candidate?: RunningModel | undefined;
};

type ServedVersionsOptions = {
  stages: Pick<ModelStages, 'current'>;
  load: (version: string) => Promise<ModelVersion>;
  start: (version: ModelVersion) => Promise<RunningModel>;
  log: {
    info: (message: string, details: object) => void;
    error: (message: string, details: object) => void;
  };
};

/** Follows the stages; what cannot be loaded leaves what runs as it was. */
export function createServedVersions(options: ServedVersionsOptions) {
  const { stages, load, start, log } = options;
  const running = new Map<string, RunningModel>();
  let served: Served | undefined;
  let followed = Promise.resolve();

  /** Looks whether something has changed; one look at a time. */
  function follow(): Promise<void> {
    followed = followed.then(async () => {
      try {
        await takeOver(await stages.current());
      } catch (error) {
        // The old version answers; the next look tries again.
        log.error('stage not taken over', { error });
      }
    });
    return followed;
  }

  // #region take-over
  async function takeOver(stage: Stage | undefined) {
    const isDone =
      stage?.revision === served?.stage.revision &&
      Boolean(stage?.candidate) === Boolean(served?.candidate);
    if (!stage || isDone) return;
    const live = await run(stage.live);
    const { candidate: wanted } = stage;
    // Now it answers, whatever becomes of the candidate.
    served = { stage, live, candidate: running.get(`${wanted}`) };
    if (wanted) served = { stage, live, candidate: await run(wanted) };
    const { revision } = stage;
    log.info('stage taken over', { revision, stage: stage.stage });
    await stopOthers(served);
  }

  async function run(version: string): Promise<RunningModel> {
    const found = running.get(version);
    if (found) return found;
    const started = await start(await load(version));
    running.set(version, started);
    return started;
  }
  // #endregion take-over

  async function stopOthers({ live, candidate }: Served) {
    for (const [version, model] of running) {
      if (model === live || model === candidate) continue;
      running.delete(version);
      await model.stop();
    }
  }

  function current(): Served {
    if (served) return served;
    throw new UnavailableError('nothing_served');
  }

  async function stop() {
    await followed;
    for (const model of running.values()) await model.stop();
  }

  return { current, follow, stop };
}

/** The versions that this server runs. */
export type ServedVersions = ReturnType<typeof createServedVersions>;
