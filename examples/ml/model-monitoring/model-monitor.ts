import { isDeepStrictEqual } from 'node:util';
import type { Registry } from 'prom-client';
import type {
  ModelCard,
  Prediction,
} from '../model-serving/model-card.ts';
import {
  type Expected,
  exportReferences,
  exportTallies,
  startTally,
  type Tally,
} from './export-metrics.ts';
import { listSignals } from './list-signals.ts';
import { addOne, type ModelReference } from './model-reference.ts';

/** What must be known of a prediction when its truth arrives; JSON. */
export type Predicted = Expected & {
  /** The name and the version of its card. */
  model: string;
  label: string;
};

/** Anything that predicts, such as the pool of model-serving. */
export type Predictor = {
  predict: (body: unknown, signal: AbortSignal) => Promise<Prediction>;
};

type Watched = {
  reference: ModelReference;
  observe: (prediction: Prediction) => void;
};

/** Counts what models meet and answer, for Prometheus to compare with their references. */
export function createModelMonitor(options: {
  registry: Registry;
  /** How many rows in sequence are much the same: what one client sends at once. */
  rowsAlike?: number;
}) {
  const { registry, rowsAlike = 1 } = options;
  const tellReference = exportReferences(registry, rowsAlike);
  const signalTallies = new Set<Tally>();
  const outcomes = new Map<string, Tally>();
  const watched = new Map<string, Watched>();

  /** Returns what counts a prediction of this model; throws when the reference does not fit the card, or differs from an earlier one. */
  function add(card: ModelCard, reference: ModelReference) {
    const model = nameModel(card);
    const known = watched.get(model);
    if (known && isDeepStrictEqual(known.reference, reference))
      return known.observe; // the same model is loaded again
    if (known)
      throw new Error(`${model} has a reference: change the version`);
    const signals = listSignals(card, reference);
    const tallies = signals.map(({ name, bins, find }) => {
      const labels = bins.map((bin) => ({ model, signal: name, bin }));
      return { find, ...startTally(labels) };
    });

    // #region observe
    // Names and bins come from the card, never from a client: nobody
    // outside can add a time series.
    function observe(prediction: Prediction): void {
      for (const { find, counts } of tallies)
        addOne(counts, find(prediction));
    }
    // #endregion observe

    for (const tally of tallies) signalTallies.add(tally);
    watched.set(model, { reference, observe });
    tellReference.signals(model, signals);
    openOutcome(model, reference);
    return observe;
  }

  /** What to keep with a prediction until its truth is known. */
  function describe(card: ModelCard, label: string): Predicted {
    const model = nameModel(card);
    const known = watched.get(model);
    if (!known) throw new Error(`${model} is not watched here`);
    const { right, heldOut } = known.reference;
    return { model, label, right, heldOut };
  }

  // #region judge
  /** Counts for the version that predicted, though none may serve it now. */
  function judge(predicted: Predicted, truth: string): void {
    const { counts } = openOutcome(predicted.model, predicted);
    addOne(counts, predicted.label === truth ? 0 : 1);
  }

  function openOutcome(model: string, expected: Expected): Tally {
    const known = outcomes.get(model);
    if (known) return known;
    const names = ['right', 'wrong'];
    const tally = startTally(
      names.map((outcome) => ({ model, outcome })),
    );
    outcomes.set(model, tally);
    tellReference.quality(model, expected);
    return tally;
  }
  // #endregion judge

  exportTallies(registry, signalTallies, {
    name: 'model_signal_total',
    help: 'Predictions by the bin of each signal',
    labelNames: ['model', 'signal', 'bin'],
  });
  exportTallies(registry, outcomes, {
    name: 'model_outcome_total',
    help: 'Predictions whose truth is known, by whether they were right',
    labelNames: ['model', 'outcome'],
  });
  return { add, describe, judge };
}

/** The same pool; each prediction is counted. */
export function watchPool<Pool extends Predictor>(
  pool: Pool,
  observe: Watched['observe'],
): Pool {
  async function predict(body: unknown, signal: AbortSignal) {
    const prediction = await pool.predict(body, signal);
    observe(prediction);
    return prediction;
  }
  return { ...pool, predict };
}

function nameModel({ name, version }: ModelCard): string {
  return `${name}@${version}`;
}
