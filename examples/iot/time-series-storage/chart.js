import { drawChart, findRange } from './draw-chart.js';

const REFRESH = 2000;
const LATER = 30_000;

const find = (id) => document.getElementById(id);
const [sensor, span, cursor] = ['sensor', 'span', 'cursor'].map(find);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const time = new Intl.DateTimeFormat('en', {
  dateStyle: 'medium',
  timeStyle: 'medium',
});
const tellValue = (value) => (value === null ? 'none' : number.format(value));
const tellTime = (at) => time.format(new Date(at));

let shown = { points: [], step: '' };

for (const choice of [sensor, span]) choice.addEventListener('change', refresh);
cursor.addEventListener('input', showPoint);
repeat();

/** A page that nobody sees asks for nothing, and years change slowly. */
async function repeat() {
  if (!document.hidden) await refresh();
  setTimeout(repeat, Number(span.value) > 86_400 ? LATER : REFRESH);
}

async function refresh() {
  try {
    const sensors = await getJson('/sensors');
    listSensors(sensors);
    const asked = { name: sensor.value, span: span.value };
    if (!asked.name) return tell('There are no sensors yet.');
    const history = await getHistory(asked);
    // Chosen anew meanwhile: the answer to that is on its way.
    if (asked.name !== sensor.value || asked.span !== span.value) return;
    shown = history;
    showLatest(sensors.find(({ name }) => name === asked.name).latest);
    describe();
    showPoint();
  } catch {
    tell('The server does not answer; this page tries again.');
  }
}

function getHistory({ name, span }) {
  const to = Date.now();
  const query = new URLSearchParams({
    from: new Date(to - Number(span) * 1000).toISOString(),
    to: new Date(to).toISOString(),
    zone,
    maxPoints: '400',
  });
  return getJson(`/sensors/${name}/history?${query}`);
}

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return await response.json();
}

/** Text goes in as text: a name is never markup. */
function listSensors(sensors) {
  const names = sensors.map(({ name }) => name);
  const known = [...sensor.options].map(({ value }) => value);
  if (names.join() === known.join()) return;
  const chosen = sensor.value;
  sensor.replaceChildren(...names.map((name) => new Option(name)));
  if (names.includes(chosen)) sensor.value = chosen;
}

function showLatest(latest) {
  find('latest').textContent = latest ? `Latest: ${tellValue(latest.value)}` : 'No reading yet';
}

function tell(text) {
  // The same text again would be read out again.
  if (find('summary').textContent !== text) find('summary').textContent = text;
}

function describe() {
  const { points, step } = shown;
  const range = findRange(points);
  tell(
    range
      ? `${sensor.value}: ${tellValue(range.low)} to ` +
          `${tellValue(range.high)}. A point is ${step}; ` +
          `${range.gaps} of ${points.length} have no reading.`
      : 'No readings in this span.',
  );
  find('rows').replaceChildren(...points.map(toRow));
  cursor.max = points.length - 1;
}

function toRow({ at, mean, min, max, count }) {
  const row = document.createElement('tr');
  row.insertCell().textContent = tellTime(at);
  for (const value of [mean, min, max, count]) row.insertCell().textContent = tellValue(value);
  return row;
}

/** The slider has the keys: arrows, Page Up and Down, Home and End. */
function showPoint() {
  const nth = Number(cursor.value);
  const { at, count, mean, min, max } = shown.points[nth] ?? {};
  const text = count
    ? `${tellTime(at)}: mean ${tellValue(mean)}, ` + `from ${tellValue(min)} to ${tellValue(max)}`
    : `${at ? tellTime(at) : ''}: no reading`;
  find('point').textContent = text;
  cursor.setAttribute('aria-valuetext', text);
  drawChart(find('drawing'), shown.points, {
    cursor: nth,
    tellTime,
    tellValue,
  });
}
