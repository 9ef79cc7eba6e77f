import { describe, expect, it } from 'vitest';
import { drawDiagram } from './draw-diagram.ts';

const sequence = `sequenceDiagram
  participant C as Client
  participant A as API
  C->>A: POST /token
  A-->>C: 401 "used"`;

describe('drawDiagram', () => {
  it('says a sequence in words', () => {
    expect(readLabel(drawDiagram(sequence, 'one'))).toBe(
      'Diagram. Client to API: POST /token; API to Client: 401 &quot;used&quot;',
    );
  });

  it('says a flowchart in words', () => {
    const svg = drawDiagram(
      'flowchart LR\n  A[Login] -->|family| B(Token)\n  B --> C{used?}',
      'one',
    );
    expect(readLabel(svg)).toBe('Diagram. Login to Token: family; Token to used?');
  });

  it('asks no other host for a font', () => {
    expect(drawDiagram(sequence, 'one')).not.toMatch(/@import|https?:(?!\/\/www\.w3\.org\/)/);
  });

  it('gives two drawings of one page different ids, and each its own arrowheads', () => {
    const svg = drawDiagram(sequence, 'two');
    const ids = [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    const used = [...svg.matchAll(/url\(#([^)]*)\)/g)].map(([, id]) => id);
    expect(ids.filter((id) => !id?.startsWith('two-'))).toEqual([]);
    expect(used.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

const readLabel = (svg: string) => /aria-label="([^"]*)"/.exec(svg)?.[1];
