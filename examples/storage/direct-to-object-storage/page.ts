import { type UploadState, uploadFile } from './upload-file.ts';

const login = find<HTMLFormElement>('login');
const upload = find<HTMLFormElement>('upload');
const send = find<HTMLButtonElement>('send');
const progress = find<HTMLProgressElement>('progress');

login.addEventListener('submit', (event) => {
  event.preventDefault();
  const { value: name } = find<HTMLInputElement>('name');
  run(async () => {
    await read(await ask('POST', '/sessions', { name }));
    showUpload();
  });
});

upload.addEventListener('submit', (event) => {
  event.preventDefault();
  const [file] = find<HTMLInputElement>('file').files ?? [];
  if (file) run(() => sendFile(file));
});

run(async () => {
  const { ok } = await ask('GET', '/sessions/current');
  if (ok) showUpload();
  else login.hidden = false;
});

async function sendFile(file: File) {
  const id = await findOrBegin(file);
  await uploadFile(file, {
    describe: () => describe(id),
    confirm: async () =>
      void (await read(
        await ask('POST', `/uploads/${id}/confirmation`),
      )),
    onProgress: showProgress,
  });
  localStorage.removeItem(fingerprint(file));
  showProgress(file.size, file.size);
  say(`${file.name} is received`);
  showUnfinished();
  showFile(id, file.name);
}

/** What was begun before a reload or a crash is gone on with. */
async function findOrBegin(file: File): Promise<string> {
  const known = localStorage.getItem(fingerprint(file));
  if (known && (await ask('GET', `/uploads/${known}`)).ok) return known;
  const { name, size } = file;
  const { id } = await read(
    await ask('POST', '/uploads', { name, size }),
  );
  localStorage.setItem(fingerprint(file), id);
  return id;
}

/** The browser tells no path: name, size and time must do. */
function fingerprint({ name, size, lastModified }: File): string {
  return `upload:${size}:${lastModified}:${name}`;
}

async function describe(id: string): Promise<UploadState | undefined> {
  const response = await ask('GET', `/uploads/${id}`).catch(() => null);
  const isAway = !response || response.status >= 500;
  return isAway ? undefined : await read(response);
}

function ask(method: string, path: string, body?: object) {
  return fetch(path, {
    method,
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
}

async function read(response: Response) {
  const text = await response.text();
  const body = text ? JSON.parse(text) : {};
  if (response.ok) return body;
  throw new Error(body.detail ?? body.title);
}

async function run(work: () => Promise<void>) {
  send.disabled = true;
  say('');
  await work().catch((error: Error) =>
    say(`Stopped: ${error.message}`),
  );
  send.disabled = false;
}

function showUpload() {
  login.hidden = true;
  upload.hidden = false;
  showUnfinished();
}

function showUnfinished() {
  const names = Object.keys(localStorage)
    .filter((key) => key.startsWith('upload:'))
    .map((key) => key.split(':').slice(3).join(':'));
  find('unfinished').textContent =
    names.length > 0
      ? `Not finished: ${names.join(', ')}. Choose it again to go on.`
      : '';
}

function showProgress(sent: number, size: number) {
  progress.value = sent / size;
  say(`${Math.floor((100 * sent) / size)} % sent`);
}

function showFile(id: string, name: string) {
  const link = document.createElement('a');
  link.href = `/uploads/${id}/file`;
  link.textContent = name;
  const item = document.createElement('li');
  item.append(link);
  find('files').append(item);
}

function say(text: string) {
  find('status').textContent = text;
}

function find<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
