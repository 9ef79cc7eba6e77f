/** A box of a flowchart; a decision asks something. */
export type FlowNode = { id: string; text: string; isDecision: boolean };

/** An arrow from one box to another, and what is written at it. */
export type FlowEdge = { from: string; to: string; text: string };

/** A flowchart: its boxes in the order in which the text names them, and its arrows. */
export type Flow = { nodes: FlowNode[]; edges: FlowEdge[] };

const NODE = String.raw`(\w+)(?:(\{|\[\(?|\()(.*?)(?:\}|\)?\]|\)))?`;
const ARROW = String.raw`(?:-->(?:\|([^|]*)\|)?|-- (.*?) -->)`;
const EDGE = new RegExp(`^${NODE} ${ARROW} ${NODE}$`);

/** Reads the lines below `flowchart`, an arrow each; throws at one that it does not know. */
export function readFlow(lines: string[]): Flow {
  const nodes = new Map<string, FlowNode>();
  const edges = lines.map(readEdge);
  return { nodes: [...nodes.values()], edges };

  function readEdge(line: string): FlowEdge {
    const [, from, fromShape, fromText, label, words, to, ...toBox] = EDGE.exec(line) ?? [];
    if (from === undefined || to === undefined || from === to)
      throw new Error(
        `a flowchart cannot have the line "${line}": write A[box] -->|words| B{question?}`,
      );
    addNode(from, fromShape, fromText);
    addNode(to, ...toBox);
    return { from, to, text: unquote(label ?? words ?? '') };
  }

  /** What a box says may be written at any of the places that name it. */
  function addNode(id: string, shape?: string, text = id) {
    if (shape !== undefined || !nodes.has(id))
      nodes.set(id, { id, text: unquote(text), isDecision: shape === '{' });
  }
}

const unquote = (text: string): string => text.replace(/^"(.*)"$/, '$1');
