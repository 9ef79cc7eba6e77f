import { escapeHtml } from '../text/escape-html.ts';
import { markCode } from '../text/mark-code.ts';
import type { Answer, Answers } from './open-search.ts';

/** The list of answers as HTML: each is an option that the arrow keys reach; then what is planned, and without answers what is nearest. */
export function drawAnswers({ answers, planned, nearest, isAsked }: Answers): string {
  const plan = planned
    ? `<p class="planned">Planned, not written: <strong>${escapeHtml(planned.title)}</strong></p>`
    : '';
  if (answers.length > 0) return `${drawList(answers)}${plan}`;
  const nothing = plan || '<p class="nothing">No pattern fits.</p>';
  if (nearest.length === 0) return nothing;
  return `${nothing}<p class="nearest">Nearest:</p>${drawList(nearest)}`;

  function drawList(list: Answer[]): string {
    return `<ul>${list.map(drawAnswer).join('')}</ul>`;
  }

  function drawAnswer({ href, title, summary, area, symptom }: Answer): string {
    return [
      `<li><a href="${escapeHtml(href)}">`,
      `<span class="title">${escapeHtml(title)}</span> <span class="area">${escapeHtml(area)}</span>`,
      symptom ? `<span class="symptom">${markAsked(markCode(symptom))}</span>` : '',
      `<span class="summary">${markAsked(markCode(summary))}</span>`,
      '</a></li>',
    ].join('');
  }

  /** Makes the words that were asked for bold, and leaves tags and entities as they are. */
  function markAsked(html: string): string {
    return html.replace(/<[^>]*>|&#?\w+;|[\p{L}\p{N}_]+/gu, (part) =>
      /^[<&]/.test(part) || !isAsked(part) ? part : `<b>${part}</b>`,
    );
  }
}
