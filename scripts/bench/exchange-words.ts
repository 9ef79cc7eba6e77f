/** The fields of a page's frontmatter that are prose. */
const PROSE = /^(title|summary|keywords|symptoms|useWhen|notWhen): ?/;
const FIELD = /^[a-zA-Z]+:/;
/** Not prose: fences, markers, headings, tables, and lines with a link. */
const NOT_PROSE = /^(```|<!--|#|\|)|\]\(/;
/** Code in a line, YAML's keys, and words. */
const PARTS = /`[^`]*`|\b(?:when|instead):|[A-Za-z]+/g;

/** The page with each word of its prose exchanged for one that nobody searches: as many words, and as many tokens. */
export function exchangeWords(page: string): string {
  const [, head = '', body = ''] = /^(---\n[\s\S]*?\n---\n)([\s\S]*)$/.exec(page) ?? [];
  return exchangeInFrontmatter(head) + exchangeInBody(body);
}

function exchangeInFrontmatter(head: string): string {
  let inProse = false;
  return mapLines(head, (line) => {
    if (FIELD.test(line)) inProse = PROSE.test(line);
    if (!inProse) return line;
    const [field = ''] = PROSE.exec(line) ?? [];
    return field + exchangeInLine(line.slice(field.length));
  });
}

function exchangeInBody(body: string): string {
  let inFence = false;
  let inGenerated = false;
  return mapLines(body, (line) => {
    if (line.startsWith('```')) inFence = !inFence;
    if (/^<!-- \/?generated:/.test(line)) inGenerated = !line.includes('/generated');
    return inFence || inGenerated || NOT_PROSE.test(line) ? line : exchangeInLine(line);
  });
}

function mapLines(text: string, change: (line: string) => string): string {
  return text.split('\n').map(change).join('\n');
}

/** The same for a text of one line. */
export function exchangeInLine(text: string): string {
  return text.replaceAll(PARTS, (part) => (/^[A-Za-z]+$/.test(part) ? exchange(part) : part));
}

/** Words that no problem is told in; none is longer than the word it stands for, or more than a token. */
const OTHERS = ['lake', 'rock', 'farm', 'rain', 'leaf', 'seed', 'bird', 'fish', 'boat', 'hill'];

/** A short word stays, but not "no", which reads well before few words; any other becomes the same other word each time. */
function exchange(word: string): string {
  if (word === 'no') return 'so';
  if (word.length < 4) return word;
  const sum = [...word.toLowerCase()].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return OTHERS[sum % OTHERS.length] ?? word;
}
