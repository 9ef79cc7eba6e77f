import { describe, expect, it } from 'vitest';
import { drawDiagram } from './draw-diagram.ts';

const sequence = `sequenceDiagram
  participant Client
  participant A as API
  Client->>A: POST /token
  A-->>Client: 401 "used"
  A--xClient: lost
  Note over A,Client: both wait
  A->>A: verify`;

const flow = `flowchart LR
  A["log.info()"] -->|family| B(Token)
  B -- no --> C{used?}
  C --> D[(Postgres)]`;

describe('a sequence', () => {
  it('is said in words', () => {
    expect(readLabel(drawDiagram(sequence))).toBe(
      'Diagram. Client to API: POST /token; API to Client: 401 &quot;used&quot;; API to Client: lost; API to API: verify',
    );
  });

  it('has a column for each participant, and its steps between them', () => {
    const drawn = drawDiagram(sequence);
    expect(drawn).toContain('style="--n: 2"><div><b>Client</b><b>API</b></div>');
    expect(listSteps(drawn)).toEqual([
      'message right, column 0, 2 wide: POST /token',
      'message left reply, column 0, 2 wide: 401 &quot;used&quot;',
      'message left reply lost, column 0, 2 wide: lost',
      'note, column 0, 2 wide: both wait',
      'note own, column 1, 1 wide: verify',
    ]);
  });

  it.each(['A->>B: x', 'alt is', 'participant A->>A'])('cannot have the line %s', (line) => {
    expect(() => drawDiagram(`sequenceDiagram\n${line}`)).toThrow(line);
  });
});

describe('a flowchart', () => {
  it('is said in words', () => {
    expect(readLabel(drawDiagram(flow))).toBe(
      'Diagram. log.info() to Token: family; Token to used?: no; used? to Postgres',
    );
  });

  it.each(['subgraph one', 'A --> B --> C', 'A --> A'])('cannot have the line %s', (line) => {
    expect(() => drawDiagram(`flowchart TD\n${line}`)).toThrow(line);
  });
});

it('is of no other kind', () => {
  expect(() => drawDiagram('stateDiagram\n[*] --> A')).toThrow('"stateDiagram"');
});

const readLabel = (html: string) => /aria-label="([^"]*)"/.exec(html)?.[1];

const STEP = /<p class="([^"]*)" style="--first: (\d); --span: (\d)"><span>(.*?)<\/span>/g;

const listSteps = (html: string): string[] =>
  [...html.matchAll(STEP)].map(
    ([, kind, first, span, text]) => `${kind}, column ${first}, ${span} wide: ${text}`,
  );
