import type { StoredPart } from './multipart-store.ts';

/** A slice of the file: S3 counts parts from 1. */
export type Part = { number: number; start: number; size: number };

type Sizes = { size: number; partBytes: number };

/** S3 takes no more parts in one upload. */
const MOST_PARTS = 10_000;

/** The size of each part but the last: more than usual when the file is huge. */
export function choosePartBytes({ size, partBytes }: Sizes): number {
  return Math.max(partBytes, Math.ceil(size / MOST_PARTS));
}

// #region find-missing
/** The parts that have not come, or came with another size. */
export function findMissing(upload: Sizes, stored: StoredPart[]) {
  const sizes = new Map(stored.map((one) => [one.number, one.size]));
  return planParts(upload).filter(
    ({ number, size }) => sizes.get(number) !== size,
  );
}

function planParts({ size, partBytes }: Sizes): Part[] {
  const count = Math.ceil(size / partBytes);
  return Array.from({ length: count }, (_, index) => {
    const start = index * partBytes;
    const number = index + 1;
    return { number, start, size: Math.min(partBytes, size - start) };
  });
}
// #endregion find-missing
