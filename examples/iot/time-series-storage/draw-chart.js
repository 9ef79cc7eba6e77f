// The chart as SVG: no library, no inline style.
const WIDTH = 800;
const HEIGHT = 320;
const MARGIN = { left: 48, right: 8, top: 8, bottom: 24 };
const SVG = 'http://www.w3.org/2000/svg';

/** Draws the points into an element of an SVG, with a cursor at the nth. */
export function drawChart(drawing, points, { cursor, tellTime, tellValue }) {
  drawing.replaceChildren();
  const range = findRange(points);
  if (!range) return;
  const x = scale(points.length - 1, 0, WIDTH - MARGIN.right, MARGIN.left);
  const y = scale(range.low, range.high, HEIGHT - MARGIN.bottom, MARGIN.top);
  for (const value of [range.low, (range.low + range.high) / 2, range.high])
    drawGrid(value, y(value));
  for (const run of listRuns(points)) drawRun(run);
  drawTimes();
  if (cursor in points) drawLine('cursor', [x(cursor), MARGIN.top], [x(cursor), y(range.low)]);

  function drawGrid(value, height) {
    drawLine('grid', [MARGIN.left, height], [WIDTH - MARGIN.right, height]);
    drawText([MARGIN.left - 6, height + 4], 'end', tellValue(value));
  }

  function drawRun(run) {
    const path = (list, key) => list.map((point) => `${x(point.nth)} ${y(point[key])}`).join('L');
    const back = path(run.toReversed(), 'min');
    add('path', { class: 'band', d: `M${path(run, 'max')}L${back}Z` });
    // A point alone is a line of no length, with round ends.
    const line = path(run.length > 1 ? run : [...run, ...run], 'mean');
    add('path', { class: 'mean', d: `M${line}` });
  }

  function drawTimes() {
    const [first, last] = [points[0].at, points.at(-1).at];
    drawText([MARGIN.left, HEIGHT - 6], 'start', tellTime(first));
    drawText([WIDTH - MARGIN.right, HEIGHT - 6], 'end', tellTime(last));
  }

  function drawLine(name, [x1, y1], [x2, y2]) {
    add('line', { class: name, x1, y1, x2, y2 });
  }

  function drawText([left, top], anchor, text) {
    const place = { x: left, y: top, 'text-anchor': anchor };
    add('text', { class: 'label', ...place }).textContent = text;
  }

  function add(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    drawing.append(element);
    return element;
  }
}

/** The lowest and the highest value; nothing when there is none. */
export function findRange(points) {
  const present = points.filter(({ count }) => count > 0);
  if (present.length === 0) return undefined;
  return {
    low: Math.min(...present.map(({ min }) => min)),
    high: Math.max(...present.map(({ max }) => max)),
    gaps: points.length - present.length,
  };
}

/** Points that follow each other: where one is missing, the line ends. */
function listRuns(points) {
  const runs = [];
  for (const [nth, point] of points.entries()) {
    if (point.count === 0) continue;
    const last = runs.at(-1);
    if (last?.at(-1).nth === nth - 1) last.push({ nth, ...point });
    else runs.push([{ nth, ...point }]);
  }
  return runs;
}

/** Maps one range onto another; a range of no width onto its start. */
function scale(from, to, start, end) {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}
