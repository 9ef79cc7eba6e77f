/** What ends an HTML block: a text on one of its lines, or a blank line. */
export type HtmlEnd = { text: string } | 'blank line';

const VERBATIM = /^<(script|pre|style|textarea)(?:[\s>]|$)/i;
const BLOCK_TAGS =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|' +
  'dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|' +
  'iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|' +
  'summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul';
const BLOCK = new RegExp(`^</?(?:${BLOCK_TAGS})(?:\\s|/?>|$)`, 'i');
const CLOSING_TAG = /^<\/[a-z][a-z0-9-]*\s*>\s*$/i;
const OPENING_TAG =
  /^<[a-z][a-z0-9-]*(?:\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?)*\s*\/?>\s*$/i;
/** No tag alone on its line is longer; the bound keeps the expressions above cheap. */
const LONGEST_TAG = 500;

/** What ends the HTML block that begins with this line, or undefined when none does (CommonMark 4.6). */
export function findHtmlEnd(line: string, inParagraph: boolean): HtmlEnd | undefined {
  if (line.startsWith('<!--')) return { text: '-->' };
  if (line.startsWith('<?')) return { text: '?>' };
  if (line.startsWith('<![CDATA[')) return { text: ']]>' };
  if (/^<![a-z]/i.test(line)) return { text: '>' };
  const head = line.slice(0, LONGEST_TAG + 1);
  const [, verbatim] = VERBATIM.exec(head) ?? [];
  if (verbatim !== undefined) return { text: `</${verbatim.toLowerCase()}>` };
  if (BLOCK.test(head)) return 'blank line';
  if (inParagraph || line.length > LONGEST_TAG) return undefined;
  return CLOSING_TAG.test(line) || OPENING_TAG.test(line) ? 'blank line' : undefined;
}

/** Whether this line of an HTML block is its last. */
export function endsHtml(line: string, end: HtmlEnd): boolean {
  if (end === 'blank line') return line.trim() === '';
  return line.includes(end.text) || line.toLowerCase().includes(end.text);
}
