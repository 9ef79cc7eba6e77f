import type { Readable } from 'node:stream';
import type { Reason } from './inspect-upload.ts';

/** A file as its sender sees it; `hash`, `type` and `size` once it is published. */
export type FileStatus = {
  id: string;
  name: string;
  state: 'quarantined' | 'published' | 'rejected';
  reason: Reason | null;
  hash: string | null;
  type: string | null;
  size: number | null;
};

/** What a sender says of a file, and the file itself. */
export type NewFile = {
  name: string;
  declaredType: string;
  body: Readable;
};

/** A file that a worker has taken for as long as its lease lasts. */
export type Claimed = {
  id: string;
  declaredType: string;
  lease: string;
  attempts: number;
};
/** What becomes of a file: why it is rejected, or what is published of it. */
export type Outcome =
  | { refused: Reason; signature?: string }
  | { hash: string; type: string; size: number };
