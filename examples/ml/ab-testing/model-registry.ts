import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { ConflictError } from './conflict-error.ts';
import type { ModelCard, ModelVersion } from './model-card.ts';

/** What is registered: a version, and who vouches for it. */
export type Registration = ModelVersion & {
  sha256: string;
  registeredBy: string;
};

/** Versions of a model: written once, verified at each reading. */
export function createModelRegistry(options: {
  pool: Pool;
  model: string;
}) {
  const { pool, model } = options;

  /** False when it is there already, with the same bytes and the same card. */
  async function register(version: Registration): Promise<boolean> {
    const sha256 = hash(version.bytes);
    if (sha256.toString('hex') !== version.sha256)
      throw new ConflictError(
        'checksum_mismatch',
        'These are not the bytes of this checksum: send them again',
        400,
      );
    const key = [model, version.version];
    const content = [version.card, sha256];
    const { rowCount } = await pool.query(
      `insert into model_versions
         (model, version, card, sha256, bytes, registered_by)
       values ($1, $2, $3, $4, $5, $6)
       on conflict do nothing`,
      [...key, ...content, version.bytes, version.registeredBy],
    );
    if (rowCount === 1) return true;
    const { rowCount: same } = await pool.query(
      `select from model_versions
       where model = $1 and version = $2 and card = $3 and sha256 = $4`,
      [...key, ...content],
    );
    if (same === 1) return false;
    throw new ConflictError(
      'version_taken',
      'This version has other content: register the next one',
    );
  }

  /** What is verified is what is used: the bytes are in memory now. */
  async function load(version: string): Promise<ModelVersion> {
    const { rows } = await pool.query<Row>(
      `select card, bytes, sha256
       from model_versions
       where model = $1 and version = $2`,
      [model, version],
    );
    const [row] = rows;
    if (!row || !hash(row.bytes).equals(row.sha256))
      throw new ConflictError(
        'version_unusable',
        `Version ${version} is not here, or not what it was`,
      );
    return { version, card: row.card, bytes: row.bytes };
  }

  return { register, load };
}

/** The registry of one model. */
export type ModelRegistry = ReturnType<typeof createModelRegistry>;

type Row = { card: ModelCard; bytes: Buffer; sha256: Buffer };

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
