import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ModelCard, modelCard } from './model-card.ts';

/** A model that may be loaded: its bytes are those that its card names. */
export type Model = {
  card: ModelCard;
  /** In shared memory: threads read them without a copy for each. */
  bytes: Uint8Array<SharedArrayBuffer>;
};

// #region verify-checksum
/** Reads card.json and model.onnx; what is verified is what is used. */
export async function readModel(folder: URL): Promise<Model> {
  const text = await readFile(new URL('card.json', folder), 'utf8');
  const card = modelCard.parse(JSON.parse(text));
  const bytes = await readFile(new URL('model.onnx', folder));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== card.sha256)
    throw new Error('model.onnx is not the file of its card');
  return { card, bytes: shareBytes(bytes) };
}
// #endregion verify-checksum

/** Copies bytes to where all threads can read them. */
export function shareBytes(bytes: Uint8Array) {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
