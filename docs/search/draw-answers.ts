import { escapeHtml } from '../text/escape-html.ts';
import { markCode } from '../text/mark-code.ts';
import type { Answer, Answers } from './open-search.ts';

/** The list of answers as HTML: each is an option that the arrow keys reach; without answers, what is planned and what is nearest. */
export function drawAnswers({ answers, planned, nearest }: Answers): string {
  if (answers.length > 0) return drawList(answers);
  const nothing = planned
    ? `<p class="nothing"><strong>${escapeHtml(planned.title)}</strong> is planned and not written yet.</p>`
    : '<p class="nothing">No pattern fits.</p>';
  if (nearest.length === 0) return nothing;
  return `${nothing}<p class="nearest">Nearest:</p>${drawList(nearest)}`;
}

const drawList = (answers: Answer[]): string => `<ul>${answers.map(drawAnswer).join('')}</ul>`;

function drawAnswer({ href, title, summary, area, symptom }: Answer): string {
  return [
    `<li><a href="${escapeHtml(href)}">`,
    `<span class="title">${escapeHtml(title)}</span> <span class="area">${escapeHtml(area)}</span>`,
    symptom ? `<span class="symptom">${markCode(symptom)}</span>` : '',
    `<span class="summary">${markCode(summary)}</span>`,
    '</a></li>',
  ].join('');
}
