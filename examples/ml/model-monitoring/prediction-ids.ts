import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Predicted } from './model-monitor.ts';

const ADVICE = {
  unknown_prediction: 'No prediction has this id',
  already_judged: 'The truth of this prediction is counted already',
};

/** Why a truth does not count. */
export class PredictionIdError extends Error {
  override readonly name = 'PredictionIdError';
  readonly expose = true;
  readonly code: keyof typeof ADVICE;
  readonly status: 404 | 409;

  constructor(code: PredictionIdError['code']) {
    super(ADVICE[code]);
    this.code = code;
    this.status = code === 'already_judged' ? 409 : 404;
  }
}

/** We signed it, so it is what we wrote. */
type Signed = Predicted & { nonce: string };

/** Ids that carry the prediction: any process can judge it, weeks later, and none stores it. */
export function createPredictionIds(options: {
  /** At least 32 random bytes as text, the same in each process. */
  secret: string;
  /** How many judged ids a process remembers, such as 100,000. */
  remembered: number;
}) {
  const { secret, remembered } = options;
  if (secret.length < 32)
    throw new Error('the secret of prediction ids is too short');
  const judged = new Set<string>();

  /** The prediction itself, signed: there is nothing to look up. */
  function issue(predicted: Predicted): string {
    const nonce = randomUUID();
    const text = JSON.stringify({ ...predicted, nonce });
    const encoded = Buffer.from(text).toString('base64url');
    return `${encoded}.${sign(encoded)}`;
  }

  /** What was predicted under this id; an id works once. */
  function redeem(id: string): Predicted {
    const dot = id.indexOf('.');
    const encoded = id.slice(0, dot);
    const signature = id.slice(dot + 1);
    if (!isEqual(signature, sign(encoded)))
      throw new PredictionIdError('unknown_prediction');
    if (judged.has(signature))
      throw new PredictionIdError('already_judged');
    remember(signature);
    const text = Buffer.from(encoded, 'base64url').toString();
    const { nonce, ...predicted }: Signed = JSON.parse(text);
    return predicted;
  }

  /** A set keeps its order: the oldest goes first. */
  function remember(signature: string): void {
    judged.add(signature);
    const [oldest] = judged;
    if (judged.size > remembered && oldest) judged.delete(oldest);
  }

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
