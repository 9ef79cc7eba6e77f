import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { ModelProblem } from '../model-serving/model-problem.ts';
import type { Predicted } from './model-monitor.ts';

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
    const text = JSON.stringify({ ...predicted, nonce: randomUUID() });
    return sign(Buffer.from(text).toString('base64url'));
  }

  /** What was predicted under this id; an id works once. */
  function redeem(id: string): Predicted {
    const [encoded = ''] = id.split('.');
    const wanted = sign(encoded);
    if (!isEqual(id, wanted)) {
      const unknown = 'No prediction has this id';
      throw new ModelProblem(404, 'unknown_prediction', unknown);
    }
    const text = Buffer.from(encoded, 'base64url').toString();
    const { nonce, ...predicted }: Signed = JSON.parse(text);
    if (judged.has(nonce)) {
      const judged = 'The truth of this prediction is counted already';
      throw new ModelProblem(409, 'already_judged', judged);
    }
    remember(nonce);
    return predicted;
  }

  /** A set keeps its order: the oldest goes first. */
  function remember(nonce: string): void {
    judged.add(nonce);
    const [oldest] = judged;
    if (judged.size > remembered && oldest) judged.delete(oldest);
  }

  function sign(encoded: string): string {
    const mac = createHmac('sha256', secret).update(encoded);
    return `${encoded}.${mac.digest('base64url').slice(0, 22)}`; // 132 bits
  }

  return { issue, redeem };
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
