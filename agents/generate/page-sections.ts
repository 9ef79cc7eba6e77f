/** A part of a page under one heading of the second rank. */
export type Section = { name: string; text: string };

/** A fence of code that comes from the example. */
export type Snippet = { source: string; text: string };

/** The sections of a page, in order; a `##` inside a fence is no heading. */
export function splitSections(body: string): Section[] {
  const sections: Section[] = [];
  let fence: string | undefined;
  for (const line of body.split('\n')) {
    const mark = /^(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
    const name = fence === undefined ? /^## (.+)/.exec(line)?.[1] : undefined;
    if (name !== undefined) sections.push({ name, text: '' });
    else if (sections.length > 0) (sections.at(-1) as Section).text += `${line}\n`;
  }
  return sections.map(({ name, text }) => ({ name, text: cleanText(text) }));
}

/** Without markers of generated blocks and without diagrams: words say what they show. */
function cleanText(text: string): string {
  return text
    .replace(/^<!-- \/?generated:\w+ -->\n*/gm, '')
    .replace(/^(```\w+ .*?) versus="[^"]*"/gm, '$1')
    .replace(/^```mermaid[\s\S]*?^```\n*/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** The snippets of a section. */
export function listSnippets(text: string): Snippet[] {
  return [...text.matchAll(/^```\w+ source="([^"]+)"[\s\S]*?^```$/gm)].map(
    ([text, source = '']) => ({
      source,
      text,
    }),
  );
}

/** The numbered lines of a section. */
export function listInvariants(text: string): string {
  return [...text.matchAll(/^\d+\. .+/gm)].join('\n');
}
