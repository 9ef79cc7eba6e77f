/** From one offset of a file up to another, the end excluded. */
export type Span = [start: number, end: number];

/** Executed spans by file, the path relative to the repository. */
export type Executed = Record<string, Span[]>;

type V8Range = { startOffset: number; endOffset: number; count: number };

/** The spans that ran, from V8's nested ranges: of ranges around one place, the innermost counts. */
export function findExecuted(ranges: V8Range[]): Span[] {
  const nested = [...ranges].sort(
    (a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset,
  );
  const executed: Span[] = [];
  const open: V8Range[] = [];
  let position = 0;

  function moveTo(offset: number) {
    if (offset > position && (open.at(-1)?.count ?? 0) > 0) append(executed, [position, offset]);
    position = Math.max(position, offset);
  }

  function closeUntil(offset: number) {
    for (let last = open.at(-1); last && last.endOffset <= offset; last = open.at(-1)) {
      moveTo(last.endOffset);
      open.pop();
    }
  }

  for (const range of nested) {
    closeUntil(range.startOffset);
    moveTo(range.startOffset);
    open.push(range);
  }
  closeUntil(Number.POSITIVE_INFINITY);
  return executed;
}

/** The spans of several lists as one list: sorted, and merged where they touch. */
export function uniteSpans(lists: Iterable<Span[]>): Span[] {
  const united: Span[] = [];
  for (const span of [...lists].flat().sort((a, b) => a[0] - b[0])) append(united, span);
  return united;
}

/** Whether any of the spans shares an offset with this one. */
export function touches(spans: Span[], [start, end]: Span): boolean {
  return spans.some((span) => span[0] < end && start < span[1]);
}

/** Whether one of the spans, which are merged, holds all of this one. */
export function covers(spans: Span[], [start, end]: Span): boolean {
  return spans.some((span) => span[0] <= start && end <= span[1]);
}

function append(spans: Span[], [start, end]: Span): void {
  const last = spans.at(-1);
  if (last && start <= last[1]) last[1] = Math.max(last[1], end);
  else spans.push([start, end]);
}
