import { escapeHtml } from '../text/escape-html.ts';
import { describeFlow, drawFlow } from './draw-flow.ts';
import { describeSequence, drawSequence } from './draw-sequence.ts';
import { readFlow } from './read-flow.ts';
import { readSequence } from './read-sequence.ts';

/** Draws Mermaid text, a sequence or a flowchart, as HTML with a text alternative. */
export function drawDiagram(source: string): string {
  const [kind = '', ...lines] = source
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (kind === 'sequenceDiagram') {
    const sequence = readSequence(lines);
    return frame(drawSequence(sequence), describeSequence(sequence));
  }
  if (/^flowchart (TD|LR)$/.test(kind)) {
    const flow = readFlow(lines);
    return frame(drawFlow(flow), describeFlow(flow));
  }
  throw new Error(
    `a diagram begins with "${kind}": write sequenceDiagram, flowchart TD or flowchart LR`,
  );
}

function frame(drawing: string, clauses: string[]): string {
  const label = escapeHtml(`Diagram. ${clauses.join('; ')}`);
  return `<div role="img" aria-label="${label}">${drawing}</div>`;
}
