import { cutPart, type Part, type Setting } from './configuration.ts';

/** A name, then its values after white space or `=`; a value may end before a comment. */
const LINE = /^[ \t]*([^\s#;=[][^\s=]*)(?:[ \t]*=[ \t]*|[ \t]+|$)(.*?)(?:[ \t]+[#;].*|[ \t]*)$/gm;
const VALUE = /"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|\S+/g;

/** Reads `name value` (Mosquitto, its rights) and `name = value` (PgBouncer) line by line. */
export function readLines(source: string): Setting[] {
  return [...source.matchAll(LINE)].map(({ 0: line, 1: name = '', 2: text = '', index }) => {
    const start = index + line.indexOf(name);
    const textStart = index + line.indexOf(text, start + name.length - index);
    const end = text === '' ? start + name.length : textStart + text.length;
    const whole = cutPart(source, start, end);
    return {
      name,
      whole,
      removal: whole,
      values: text === '' ? [] : listValues(text, textStart),
    };
  });
}

function listValues(text: string, start: number): Part[] {
  return [...text.matchAll(VALUE)].map(({ 0: value, index }) => ({
    text: value,
    start: start + index,
    end: start + index + value.length,
  }));
}
