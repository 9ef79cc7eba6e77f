import type { Part as StoredPart } from '@aws-sdk/client-s3';

/** A slice of the file: S3 counts parts from 1. */
export type Part = { number: number; start: number; size: number };

/** S3 takes no more parts in one upload. */
export const MOST_PARTS = 10_000;

// #region find-missing
/** The parts that have not come, or came with another size. */
export function findMissing(
  { size, partBytes }: { size: number; partBytes: number },
  stored: StoredPart[],
): Part[] {
  const came = new Map(stored.map((one) => [one.PartNumber, one.Size]));
  // An empty file is one empty part: without parts, S3 completes none.
  const count = Math.max(1, Math.ceil(size / partBytes));
  const parts = Array.from({ length: count }, (_, index) => {
    const start = index * partBytes;
    const number = index + 1;
    return { number, start, size: Math.min(partBytes, size - start) };
  });
  return parts.filter((part) => came.get(part.number) !== part.size);
}
// #endregion find-missing
