// Asks each second; what it shows comes from devices, so all of it is
// set as text, and the policy of the page allows no other script.
const SVG = 'http://www.w3.org/2000/svg';
const body = document.querySelector('tbody');
const status = document.querySelector('[role=status]');

async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

async function drawRow({ deviceId, metric, value, at }) {
  const points = await get(`/devices/${deviceId}/${metric}`);
  const row = document.createElement('tr');
  const time = new Date(at).toLocaleTimeString();
  for (const text of [deviceId, metric, value, time]) row.insertCell().textContent = text;
  row.insertCell().append(drawLine(points, metric));
  return row;
}

function drawLine(points, metric) {
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const toPoint = (value, index) => `${index},${(1 - (value - low) / range) * 30 + 1}`;
  const line = document.createElementNS(SVG, 'polyline');
  line.setAttribute('points', values.map(toPoint).join(' '));
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${Math.max(values.length - 1, 1)} 32`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${metric}, ${values.length} values`);
  svg.append(line);
  return svg;
}

async function refresh() {
  try {
    const latest = await get('/readings/latest');
    body.replaceChildren(...(await Promise.all(latest.map(drawRow))));
    status.textContent = `${latest.length} series`;
  } catch {
    status.textContent = 'The server does not answer';
  }
  setTimeout(refresh, 1000);
}

await refresh();
