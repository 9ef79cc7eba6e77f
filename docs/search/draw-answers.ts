import { escapeHtml } from '../text/escape-html.ts';
import { markCode } from '../text/mark-code.ts';
import type { Answer, Answers } from './open-search.ts';

/** What a search says as HTML: answers and the planned topic, which leads where it fits better, and without answers what is nearest. The arrow keys reach each of them. */
export function drawAnswers({ answers, planned, nearest, isAsked }: Answers): string {
  const plan = planned
    ? `<p class="planned"><a href="/coverage/?${new URLSearchParams({ q: planned.title })}"><span>Planned, not written: <strong>${escapeHtml(planned.title)}</strong></span></a></p>`
    : '';
  if (answers.length > 0)
    return planned?.leads ? `${plan}${drawList(answers)}` : `${drawList(answers)}${plan}`;
  const nothing = plan || '<p class="nothing">No pattern fits, and none is planned.</p>';
  if (nearest.length === 0) return nothing;
  return `${nothing}<p class="nearest">Nearest:</p>${drawList(nearest)}`;

  function drawList(list: Answer[]): string {
    return `<ul>${list.map(drawAnswer).join('')}</ul>`;
  }

  function drawAnswer({ href, title, summary, area, symptom, answer }: Answer): string {
    return [
      `<li><a href="${escapeHtml(href)}">`,
      `<span class="title">${escapeHtml(title)}</span> <span class="area">${escapeHtml(area)}</span>`,
      symptom ? `<span class="symptom">${markAsked(markCode(symptom))}</span>` : '',
      `<span class="summary">${markAsked(markCode(answer ?? summary))}</span>`,
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
