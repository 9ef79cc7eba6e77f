import { uploadFile } from './upload-file.ts';

const login = find('login', HTMLFormElement);
const upload = find('upload', HTMLFormElement);
const chosen = find('file', HTMLInputElement);
const progress = find('progress', HTMLProgressElement);
const status = find('status', HTMLElement);

login.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = find('name', HTMLInputElement).value;
  run(async () => {
    await post('/sessions', { name });
    login.hidden = true;
    upload.hidden = false;
    chosen.focus(); // who uses the keyboard goes on from here
  });
});

upload.addEventListener('submit', (event) => {
  event.preventDefault();
  const [file] = chosen.files ?? [];
  if (file) run(() => send(file));
});

let isBusy = false;

/** One thing at a time. A disabled button would lose the focus. */
async function run(work: () => Promise<void>) {
  if (isBusy) return;
  isBusy = true;
  await work().catch((error: Error) => {
    status.textContent = `Stopped: ${error.message}`;
  });
  isBusy = false;
}

async function send(file: File) {
  const id = await findOrBegin(file);
  const url = `/uploads/${id}`;
  await uploadFile(file, url, { onProgress: showProgress });
  localStorage.removeItem(fingerprint(file));
  showProgress(file.size, file.size);
  status.textContent = `${file.name} is received`;
  const link = document.createElement('a');
  link.href = `${url}/file`;
  link.textContent = file.name;
  const item = document.createElement('li');
  item.append(link);
  find('files', HTMLElement).append(item);
}

/** After a reload or a crash, the upload that was begun goes on. */
async function findOrBegin(file: File): Promise<string> {
  const known = localStorage.getItem(fingerprint(file));
  if (known && (await fetch(`/uploads/${known}`)).ok) return known;
  const { name, size } = file;
  const { id } = await post('/uploads', { name, size });
  localStorage.setItem(fingerprint(file), id);
  return id;
}

/** A browser does not tell the path: name, size and time must do. */
function fingerprint({ name, size, lastModified }: File): string {
  return `upload:${size}:${lastModified}:${name}`;
}

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, init);
  const answer = await response.json();
  if (response.ok) return answer;
  throw new Error(answer.detail ?? answer.title);
}

function showProgress(sent: number, size: number) {
  progress.value = size === 0 ? 1 : sent / size;
  const percent = Math.floor(100 * progress.value);
  status.textContent = `${percent} % sent`;
}

function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The page has no ${id}`);
}
