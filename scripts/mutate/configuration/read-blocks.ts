import { cutPart, type Part, type Setting } from './configuration.ts';

/** Without one of these nginx does not start, and each directive in them is removed alone. */
const FRAMES = new Set(['events', 'http', 'stream', 'upstream']);
const TOKEN = /#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|(?:\$\{[^}]*\}|\\.|[^\s{};\\])+/gs;

/** Reads directives as nginx has them: `name value;` and `name value { … }`. */
export function readBlocks(source: string): Setting[] {
  const settings: Setting[] = [];
  const open: Setting[] = [];
  let parts: Part[] = [];
  for (const part of listTokens(source)) {
    if (part.text === '}') {
      const block = open.pop();
      if (block) extend(source, block, part.end);
    } else if (part.text === ';' || part.text === '{') {
      const setting = toSetting(source, parts, part.end);
      parts = [];
      if (setting) settings.push(setting);
      if (setting && part.text === '{') open.push(setting);
    } else parts.push(part);
  }
  return settings;
}

function listTokens(source: string): Part[] {
  return [...source.matchAll(TOKEN)]
    .filter(([text]) => !text.startsWith('#'))
    .map(({ 0: text, index }) => ({ text, start: index, end: index + text.length }));
}

function toSetting(source: string, [name, ...values]: Part[], end: number): Setting | undefined {
  if (name === undefined) return undefined;
  const whole = cutPart(source, name.start, end);
  return { name: name.text, whole, removal: whole, values };
}

function extend(source: string, block: Setting, end: number): void {
  block.whole = cutPart(source, block.whole.start, end);
  block.removal = FRAMES.has(block.name) ? undefined : block.whole;
}
