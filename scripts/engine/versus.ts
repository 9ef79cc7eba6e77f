import { hintAt, shorten } from '../text/hints.ts';
import { type PageContext, reportOnPage } from './context.ts';
import { columnOf } from './fence-rules.ts';
import type { Fence } from './fences.ts';

/** Checks that what a fence is compared with stands on the page too: only then is it read, and proven. */
export function checkVersus(context: PageContext): void {
  const { fences } = context.page;
  for (const fence of fences) {
    const word = fence.info.words.find(({ key }) => key === 'versus');
    if (word?.value === undefined || !word.quoted) continue; // a slip, which was reported
    const others = fences.filter((other) => other !== fence).flatMap(nameOrigins);
    if (others.includes(word.value)) continue;
    const message = `no other fence of the page shows ${shorten(word.value)}`;
    const fix = 'name the source or the output of another fence';
    const place = { line: fence.line, column: columnOf(fence, word) };
    reportOnPage(context, 'versus-unshown', {
      ...place,
      message,
      fix,
      ...hintAt(word.value, others),
    });
  }
}

function nameOrigins({ info }: Fence): string[] {
  return info.words
    .filter(({ key }) => key === 'source' || key === 'output')
    .map(({ value = '' }) => value);
}
