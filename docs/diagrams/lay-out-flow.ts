import type { Flow, FlowEdge, FlowNode } from './read-flow.ts';

/** A place in a layer: a box, or the way of an arrow past the layer. Middle and width are in percent. */
export type Slot = { node?: FlowNode; middle: number; width: number };

/** An arrow, or a part of it, from a place of a layer to one of the next; `isBack` when it points up. */
export type Link = { from: number; to: number; text: string; isBack: boolean; ends: boolean };

/** Layers from top to bottom, and the links below each. */
export type Layout = { layers: Slot[][]; links: Link[][] };

/** How wide the way past a layer is beside a box. */
const PASSAGE = 0.4;

/** Places the boxes of a flowchart in layers, each below all that lead to it. */
export function layOutFlow({ nodes, edges }: Flow): Layout {
  const back = findBackEdges(nodes, edges);
  const down = edges.map((edge) => (back.has(edge) ? turn(edge) : edge));
  const depths = findDepths(nodes, down);
  const count = Math.max(...depths.values()) + 1;
  const layers: { id: string; node?: FlowNode }[][] = Array.from({ length: count }, () => []);
  for (const node of nodes) layers[depths.get(node.id) ?? 0]?.push({ id: node.id, node });
  const parts = edges.flatMap((edge, index) => {
    const { from, to } = down[index] ?? edge;
    const [top = 0, bottom = 0] = [depths.get(from), depths.get(to)];
    const passages = Array.from({ length: bottom - top - 1 }, (_, at) => `${index}/${at}`);
    for (const [at, id] of passages.entries()) layers[top + 1 + at]?.push({ id });
    const way = [from, ...passages, to];
    return way.slice(1).map((id, at) => ({
      layer: top + at,
      from: way[at] ?? '',
      to: id,
      text: at === 0 ? edge.text : '',
      isBack: back.has(edge) && at === 0,
      ends: !back.has(edge) && at === passages.length,
    }));
  });
  sortLayers(layers, parts);
  const place = (layer: number, id: string) =>
    layers[layer]?.findIndex((slot) => slot.id === id) ?? 0;
  return {
    layers: layers.map(measure),
    links: layers.map((_, layer) =>
      parts
        .filter((part) => part.layer === layer)
        .map(({ from, to, text, isBack, ends }) => {
          const places = { from: place(layer, from), to: place(layer + 1, to) };
          return { ...places, text, isBack, ends };
        }),
    ),
  };
}

const turn = ({ from, to, text }: FlowEdge): FlowEdge => ({ from: to, to: from, text });

/** The edges that close a circle, when the boxes are followed in their order. */
function findBackEdges(nodes: FlowNode[], edges: FlowEdge[]): Set<FlowEdge> {
  const back = new Set<FlowEdge>();
  const done = new Set<string>();
  const follow = (id: string, above: string[]) => {
    if (done.has(id)) return;
    for (const edge of edges.filter(({ from }) => from === id))
      if (above.includes(edge.to) || edge.to === id) back.add(edge);
      else follow(edge.to, [...above, id]);
    done.add(id);
  };
  for (const { id } of nodes) follow(id, []);
  return back;
}

/** The layer of each box: one below the lowest that leads to it. */
function findDepths(nodes: FlowNode[], edges: FlowEdge[]): Map<string, number> {
  const depths = new Map<string, number>();
  const find = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const above = edges.filter(({ to }) => to === id).map(({ from }) => find(from));
    const depth = Math.max(-1, ...above) + 1;
    depths.set(id, depth);
    return depth;
  };
  for (const { id } of nodes) find(id);
  return depths;
}

type Part = { layer: number; from: string; to: string };

/** Puts each place below the middle of those that lead to it, so that few links cross. */
function sortLayers(layers: { id: string }[][], parts: Part[]): void {
  for (const [layer, slots] of layers.entries()) {
    const above = layers[layer - 1];
    if (!above) continue;
    const share = (id: string) => above.findIndex((slot) => slot.id === id) / above.length;
    const middles = new Map(
      slots.map(({ id }) => {
        const shares = parts.filter((part) => part.to === id).map(({ from }) => share(from));
        return [id, shares.reduce((sum, one) => sum + one, 0) / shares.length || 0];
      }),
    );
    slots.sort((a, b) => (middles.get(a.id) ?? 0) - (middles.get(b.id) ?? 0));
  }
}

/** Shares the width among the places of a layer. */
function measure(slots: { node?: FlowNode }[]): Slot[] {
  const sizes = slots.map(({ node }) => (node ? 1 : PASSAGE));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  let left = 0;
  return slots.map(({ node }, index) => {
    const width = (100 * (sizes[index] ?? 1)) / all;
    left += width;
    return { ...(node && { node }), middle: left - width / 2, width };
  });
}
