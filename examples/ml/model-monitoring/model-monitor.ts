import { isDeepStrictEqual } from 'node:util';
import type { Registry } from 'prom-client';
import type {
  ModelCard,
  Prediction,
} from '../model-serving/model-card.ts';
import { exportSignals } from './export-signals.ts';
import { listSignals } from './list-signals.ts';
import { addOne, type ModelReference } from './model-reference.ts';

type Expected = Pick<ModelReference, 'right' | 'heldOut'>;

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

type Observe = (prediction: Prediction) => void;

/** Counts what models meet and answer, for Prometheus to compare with their references. */
export function createModelMonitor(options: {
  registry: Registry;
  /** How many rows in sequence are much the same: what one client sends at once. */
  rowsAlike?: number;
}) {
  const { registry, rowsAlike = 1 } = options;
  const addSignal = exportSignals(registry, rowsAlike);
  const truths = new Map<string, number[]>();
  const watched = new Map<
    string,
    { reference: ModelReference; observe: Observe }
  >();

  /** Returns what counts a prediction of this model; throws when the reference does not fit the card, or differs from an earlier one. */
  function add(card: ModelCard, reference: ModelReference): Observe {
    const model = nameModel(card);
    const known = watched.get(model);
    if (known && isDeepStrictEqual(known.reference, reference))
      return known.observe; // the same model is loaded again
    if (known)
      throw new Error(`${model} has a reference: change the version`);
    const signals = listSignals(card, reference);
    const tallies = signals.map((signal) => ({
      find: signal.find,
      counts: addSignal(model, signal, signals.length),
    }));

    // #region observe
    // Names and bins come from the card, never from a client: nobody
    // outside can add a time series.
    function observe(prediction: Prediction): void {
      for (const { find, counts } of tallies)
        addOne(counts, find(prediction));
    }
    // #endregion observe

    watched.set(model, { reference, observe });
    openTruths(model, reference);
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
    const counts = openTruths(predicted.model, predicted);
    addOne(counts, predicted.label === truth ? 0 : 1);
  }

  function openTruths(model: string, { right, heldOut }: Expected) {
    const bins = ['right', 'wrong'];
    const reference = [right, heldOut - right];
    const signal = { name: 'truth', bins, counts: reference };
    const counts = truths.get(model) ?? addSignal(model, signal, 1);
    truths.set(model, counts);
    return counts;
  }
  // #endregion judge

  return { add, describe, judge };
}

/** The same pool; each prediction is counted. */
export function watchPool<Pool extends Predictor>(
  pool: Pool,
  observe: Observe,
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
