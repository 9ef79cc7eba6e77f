/** A step of a sequence; participants go by their place, from 0. */
export type Step =
  | { kind: 'message'; from: number; to: number; text: string; isReply: boolean; isLost: boolean }
  | { kind: 'note'; first: number; last: number; text: string };

/** A sequence diagram: the names of who takes part, and what happens. */
export type Sequence = { names: string[]; steps: Step[] };

const PARTICIPANT = /^participant (\w+)(?: as (.+))?$/;
const MESSAGE = /^(\w+?)(--?)(>>|x)(\w+): ?(.+)$/;
const NOTE = /^Note over (\w+)(?:, ?(\w+))?: ?(.+)$/;

/** Reads the lines below `sequenceDiagram`; throws at one that it does not know. */
export function readSequence(lines: string[]): Sequence {
  const ids: string[] = [];
  const names: string[] = [];
  const steps: Step[] = [];
  for (const line of lines) {
    const participant = PARTICIPANT.exec(line);
    if (participant) addParticipant(participant);
    else steps.push(readMessage(line) ?? readNote(line) ?? refuse(line));
  }
  return { names, steps };

  function addParticipant([, id = '', name = id]: RegExpExecArray) {
    ids.push(id);
    names.push(name);
  }

  function readMessage(line: string): Step | undefined {
    const [found, from, dashes, head, to, text = ''] = MESSAGE.exec(line) ?? [];
    if (found === undefined) return undefined;
    const ends = { from: find(from, line), to: find(to, line) };
    return { kind: 'message', ...ends, text, isReply: dashes === '--', isLost: head === 'x' };
  }

  function readNote(line: string): Step | undefined {
    const [found, first, last = first, text = ''] = NOTE.exec(line) ?? [];
    if (found === undefined) return undefined;
    const ends = [find(first, line), find(last, line)];
    return { kind: 'note', first: Math.min(...ends), last: Math.max(...ends), text };
  }

  function find(id = '', line: string): number {
    const place = ids.indexOf(id);
    return place === -1 ? refuse(line) : place;
  }
}

function refuse(line: string): never {
  throw new Error(
    `a sequence diagram cannot have the line "${line}": write participant, A->>B: or Note over`,
  );
}
