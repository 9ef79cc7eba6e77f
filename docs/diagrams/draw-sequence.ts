import { escapeHtml } from '../text/escape-html.ts';
import type { Sequence, Step } from './read-sequence.ts';

/** Draws a sequence diagram as HTML: its text wraps where the page is narrow. */
export function drawSequence({ names, steps }: Sequence): string {
  const heads = names.map((name) => `<b>${escapeHtml(name)}</b>`).join('');
  return `<div class="sequence" style="--n: ${names.length}"><div>${heads}</div>${steps.map(drawStep).join('')}</div>`;
}

/** The same in words, an arrow a clause. */
export function describeSequence({ names, steps }: Sequence): string[] {
  return steps.flatMap((step) =>
    step.kind === 'message' ? `${names[step.from]} to ${names[step.to]}: ${step.text}` : [],
  );
}

function drawStep(step: Step): string {
  if (step.kind === 'note') return draw('note', [step.first, step.last], step.text);
  const { from, to, text, isReply, isLost } = step;
  if (from === to) return draw('note own', [from, to], text);
  const kinds = ['message', from < to ? 'right' : 'left', isReply && 'reply', isLost && 'lost'];
  return draw(kinds.filter(Boolean).join(' '), [Math.min(from, to), Math.max(from, to)], text);
}

function draw(kind: string, [first = 0, last = first]: number[], text: string): string {
  const style = `--first: ${first}; --span: ${last - first + 1}`;
  return `<p class="${kind}" style="${style}"><span>${escapeHtml(text)}</span></p>`;
}
