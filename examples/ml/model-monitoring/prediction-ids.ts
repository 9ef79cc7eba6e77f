import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What must be known of a prediction when its truth arrives. */
export type Predicted = { version: string; predicted: string };

/** An id that does not count, and why. */
export class PredictionIdError extends Error {
  override readonly name = 'PredictionIdError';
  readonly status: number;
  readonly code: 'unknown_prediction' | 'already_judged';

  constructor(code: 'unknown_prediction' | 'already_judged') {
    super(code === 'already_judged' ? 'It is counted' : 'No such id');
    this.code = code;
    this.status = code === 'already_judged' ? 409 : 404;
  }
}

/** Ids that carry the prediction: any process can judge it, weeks later, and none stores it. */
export function createPredictionIds(options: {
  /** 32 random bytes, the same in each process. */
  secret: string;
  /** How many judged ids a process remembers. */
  remembered?: number;
}) {
  const { secret, remembered = 100_000 } = options;
  const judged = new Set<string>();

  // #region prediction-id
  /** The prediction itself, signed: there is nothing to look up. */
  function issue({ version, predicted }: Predicted): string {
    const nonce = randomBytes(9).toString('base64url');
    const content = JSON.stringify([version, predicted, nonce]);
    const encoded = Buffer.from(content).toString('base64url');
    return `${encoded}.${sign(encoded)}`;
  }

  /** What was predicted under this id; an id works once. */
  function redeem(id: string): Predicted {
    const [encoded = '', signature = ''] = id.split('.');
    if (!isEqual(signature, sign(encoded)))
      throw new PredictionIdError('unknown_prediction');
    if (judged.has(signature))
      throw new PredictionIdError('already_judged');
    remember(signature);
    const content = Buffer.from(encoded, 'base64url').toString();
    const [version, predicted] = JSON.parse(content);
    return { version, predicted };
  }

  /** A set keeps its order: the oldest goes first. */
  function remember(signature: string): void {
    judged.add(signature);
    for (const oldest of judged) {
      if (judged.size <= remembered) break;
      judged.delete(oldest);
    }
  }
  // #endregion prediction-id

  function sign(encoded: string): string {
    const mac = createHmac('sha256', secret).update(encoded);
    return mac.digest('base64url').slice(0, 22); // 132 bits
  }

  return { issue, redeem };
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
