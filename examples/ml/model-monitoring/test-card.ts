import {
  type ModelCard,
  modelCard,
} from '../model-serving/model-card.ts';
import {
  createReference,
  type ModelReference,
} from './model-reference.ts';

type CardOptions = { labels?: string[]; version?: string };

/** The card of a model of one number that answers yes or no. */
export function createCard(options: CardOptions = {}): ModelCard {
  const { labels = ['no', 'yes'], version = '1' } = options;
  return modelCard.parse({
    name: 'simple',
    version,
    sha256: '0'.repeat(64),
    features: [{ name: 'x', min: -1000, max: 1000, whenMissing: 0 }],
    labels,
    examples: [{ row: [0], probabilities: [1, 0] }],
  });
}

/** An answer to a row of it. */
export function answer(x: number | null, label: string) {
  return {
    version: '1',
    label,
    probabilities: { [label]: 0.9 },
    features: { x },
  };
}

/** A reference of 10,000 rows from 0 to 99, half of them yes, nine of ten right. */
export function createSimpleReference(
  card: ModelCard = createCard(),
): ModelReference {
  return createReference(card, {
    rows: Array.from({ length: 10_000 }, (_, n) => ({ x: n / 100 })),
    answers: Array.from({ length: 10_000 }, (_, n) => ({
      prediction: answer(0, n % 2 === 0 ? 'no' : 'yes'),
      truth:
        ['no', 'yes', 'no', 'yes', 'no', 'yes', 'no', 'yes', 'no'][
          n % 10
        ] ?? 'no',
    })),
  });
}
