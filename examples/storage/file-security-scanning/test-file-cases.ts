import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { EICAR } from '@touchstone/kit/scanning/clamd';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, test } from 'vitest';
import { createBucket } from './buckets.ts';
import { cleanName } from './clean-name.ts';
import { contentHeaders } from './content-headers.ts';
import { createBuckets } from './example-services.ts';
import { createFileQuarantine } from './file-quarantine.ts';
import { startTestApp, store } from './test-app.ts';
import { makePicture } from './test-images.ts';

const PDF = '%PDF-1.4\n%%EOF\n';
const TYPE = 'application/pdf';
const DAY = 24 * 3600;

test('What is published is served as a download that runs nothing', async () => {
  await using app = await startTestApp();
  const image = await makePicture('png');
  const type = 'image/PNG; charset=binary';
  const id = await app.upload(image, type, 'Zoë.jpeg.exe');
  await app.runJobs();

  const { headers, bytes } = await app.download(id);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': `${bytes.length}`,
    'content-disposition':
      'attachment; filename="Zo?.jpeg.png"; filename*=UTF-8\'\'Zo%C3%AB.jpeg.png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-site',
    'cache-control': 'private, max-age=31536000, immutable',
    etag: expect.stringMatching(/^"[0-9a-f-]{36}"$/),
  });
  const names = ['image/jpeg', 'image/webp', TYPE].map((type) => {
    const content = { name: 'x.y', type, size: 1, object: '' };
    return contentHeaders(content)['content-disposition'];
  });
  expect(names.join()).toBe(
    'attachment; filename=x.jpeg,attachment; filename=x.webp,attachment; filename=x.pdf',
  );
  const dots = { name: 'a.b.', type: TYPE, size: 1, object: '' };
  expect(contentHeaders(dots)['content-disposition']).toBe(
    'attachment; filename=a.b.pdf',
  );
  const inner = { ...dots, name: 'a.b.c' };
  expect(contentHeaders(inner)['content-disposition']).toBe(
    'attachment; filename=a.b.pdf',
  );
});

test('A PDF is published byte for byte, and leaves the quarantine', async () => {
  await using app = await startTestApp();
  const id = await app.upload(PDF, TYPE, 'order.pdf');
  expect(await app.look(id)).toMatchObject({
    name: 'order.pdf',
    state: 'quarantined',
    reason: null,
    type: null,
    size: null,
  });
  expect(await app.listKeys('quarantine')).toEqual([id]);
  expect(await app.runJobs()).toEqual([
    'scan-file: done',
    'clean-up-file: done',
  ]);

  expect((await app.download(id)).bytes.toString()).toBe(PDF);
  expect(await app.look(id)).toMatchObject({
    state: 'published',
    reason: null,
    type: TYPE,
    size: PDF.length,
  });
  expect(await app.listKeys('quarantine')).toEqual([]);
  expect(app.log.entries).toEqual([]);
  await app.passTime(DAY);
  await app.runJobs();
  expect((await app.download(id)).status).toBe(200);
  expect(await app.files.rescan(id)).toBe(false);
});

test('A virus is named in the row and in the log, and not to the sender', async () => {
  await using app = await startTestApp();
  const id = await app.upload(`${PDF}${EICAR}`, TYPE);
  await app.runJobs();

  const status = await app.look(id);
  expect(status).toMatchObject({ reason: 'infected' });
  expect(JSON.stringify(status)).not.toContain('Eicar');
  const { rows } = await app.pool.query('select signature from files');
  expect(rows).toEqual([{ signature: 'Eicar-Test.UNOFFICIAL' }]);
  expect(app.log.entries).toMatchObject([
    {
      level: 'warn',
      message: 'file rejected',
      details: { id, outcome: { signature: 'Eicar-Test.UNOFFICIAL' } },
    },
  ]);
  expect(await app.listKeys('published')).toEqual([]);
});

test('A rejected file is kept for 30 days, and then its row and its bytes are removed', async () => {
  await using app = await startTestApp();
  const id = await app.upload('text', TYPE);
  await app.runJobs();
  await app.passTime(30 * DAY - 60);
  await app.runJobs();

  expect(await app.look(id)).toMatchObject({ state: 'rejected' });
  expect(await app.listKeys('quarantine')).toEqual([id]);
  await app.passTime(60);
  await app.runJobs();
  expect((await app.send('GET', `/files/${id}`)).status).toBe(404);
  expect(await app.listKeys('quarantine')).toEqual([]);
  const { rows } = await app.pool.query('select from jobs');
  expect(rows).toEqual([]);
});

test('A rejected file that is scanned again starts from the beginning', async () => {
  let signature: string | undefined = 'False-Alarm';
  await using app = await startTestApp({ scan: async () => signature });
  const id = await app.upload(PDF, TYPE);
  await app.runJobs();
  expect(await app.files.rescan(id)).toBe(true);
  expect(await app.files.rescan(id)).toBe(true); // one job all the same
  expect(await app.look(id)).toMatchObject({ state: 'quarantined' });
  signature = undefined;
  expect(await app.runJobs()).toHaveLength(2);

  await app.passTime(31 * DAY);
  await app.runJobs();
  expect((await app.download(id)).status).toBe(200);
  const { rows } = await app.pool.query('select signature from files');
  expect(rows).toEqual([{ signature: null }]);
});

test('A file that is removed leaves nothing, before and after it is published', async () => {
  await using app = await startTestApp();
  for (const isPublished of [false, true]) {
    const id = await app.upload(PDF, TYPE);
    if (isPublished) await app.runJobs();
    expect(await app.files.remove(id)).toBe(true);
    expect(await app.files.remove(id)).toBe(false);
    expect(await app.runJobs()).toContain('clean-up-file: done');
    expect(await app.runJobs()).toEqual([]);
    expect(await app.listKeys('quarantine')).toEqual([]);
    expect(await app.listKeys('published')).toEqual([]);
  }
});

test('Claims that workers abandon do not count against a file', async () => {
  await using app = await startTestApp();
  const id = await app.upload(PDF, TYPE);
  for (let claim = 1; claim <= 5; claim++) {
    expect(await app.claim()).toHaveLength(1);
    await app.passTime(30);
  }
  await app.runJobs();

  expect(await app.look(id)).toMatchObject({ state: 'published' });
});

test('A removal of nothing leaves no job', async () => {
  await using app = await startTestApp();

  expect(await app.files.remove(randomUUID())).toBe(false);
  expect(await app.files.rescan(randomUUID())).toBe(false);
  const { rows } = await app.pool.query('select from jobs');
  expect(rows).toEqual([]);
});

test('An object whose scan failed after it was written is removed an hour later', async () => {
  let isFirst = true;
  await using app = await startTestApp({
    published: {
      remove: (key) => app.buckets.published.remove(key),
      async write(key, bytes) {
        await app.buckets.published.write(key, bytes);
        if (isFirst) throw new Error('timed out');
      },
    },
  });
  const id = await app.upload(PDF, TYPE);
  expect(await app.runJobs()).toEqual(['Error: timed out']);
  isFirst = false;
  await app.passTime(60);
  await app.runJobs();
  expect(await app.listKeys('published')).toHaveLength(2);

  await app.passTime(3540);
  await app.runJobs();
  expect(await app.listKeys('published')).toHaveLength(1);
  expect((await app.download(id)).status).toBe(200);
});

test('An object is not written when its clean-up cannot be recorded', async () => {
  await using app = await startTestApp({
    scan: async () => {
      await app.pool.query(
        `alter table jobs add constraint frozen
         check (payload ->> 'object' is null)`,
      );
      return undefined;
    },
  });
  await app.upload(PDF, TYPE);

  expect(await app.runJobs()).toEqual([
    expect.stringMatching(/frozen/),
  ]);
  expect(await app.listKeys('published')).toEqual([]);
});

test('A clean-up ends when the store has removed all, and not before', async () => {
  let isDown = true;
  const remove = (bucket: 'quarantine' | 'published') => {
    return async (key: string) => {
      if (isDown) throw new Error(`${bucket} is down`);
      await app.buckets[bucket].remove(key);
    };
  };
  await using app = await startTestApp({
    quarantine: {
      read: (key) => app.buckets.quarantine.read(key),
      remove: remove('quarantine'),
    },
    published: {
      write: (key, bytes) => app.buckets.published.write(key, bytes),
      remove: remove('published'),
    },
  });
  const id = await app.upload(PDF, TYPE);
  expect(await app.runJobs()).toEqual([
    'scan-file: done',
    'Error: quarantine is down',
  ]);
  await app.files.remove(id);
  expect(await app.runJobs()).toEqual(['Error: published is down']);
  isDown = false;
  await app.passTime(60);
  await app.runJobs();
  expect(await app.listKeys('quarantine')).toEqual([]);
  expect(await app.listKeys('published')).toEqual([]);
});

test('What happens to one file leaves the others as they are', async () => {
  await using app = await startTestApp();
  const other = randomUUID(); // waits, and no job is about it
  await app.pool.query(
    `insert into files (id, name, declared_type) values ($1, 'x', $2)`,
    [other, TYPE],
  );
  const rejected = await app.upload('text', TYPE);
  const kept = await app.upload('text', TYPE);
  const removed = await app.upload(PDF, TYPE);
  await app.files.remove(removed);
  await app.runJobs();
  expect(await app.listKeys('published')).toEqual([]);
  expect((await app.listKeys('quarantine')).toSorted()).toEqual(
    [rejected, kept].toSorted(),
  );
  await app.files.rescan(rejected);
  expect(await app.look(kept)).toMatchObject({ state: 'rejected' });
  await app.runJobs();

  await app.pool.query(`delete from jobs where payload ->> 'id' = $1`, [
    kept,
  ]);
  await app.passTime(31 * DAY);
  await app.runJobs();
  expect(await app.listKeys('quarantine')).toEqual([kept]);
  expect(await app.look(kept)).toMatchObject({ state: 'rejected' });
  expect(await app.look(other)).toMatchObject({ state: 'quarantined' });
});

test('Of two scans of a file, the first verdict stays', async () => {
  const scanned = Promise.withResolvers<void>();
  let scans = 0;
  await using app = await startTestApp({
    scan: async () => {
      scans += 1;
      if (scans > 1) return undefined;
      await scanned.promise;
      return 'False-Alarm';
    },
  });
  const id = await app.upload(PDF, TYPE);
  const first = app.runJobs();
  await waitUntil('it is scanned', () => scans === 1);
  await app.files.rescan(id);
  await app.runJobs();
  scanned.resolve();
  await first;

  expect(await app.look(id)).toMatchObject({ state: 'published' });
});

test('The same bytes under two ids are two objects, and one can go', async () => {
  await using app = await startTestApp();
  const image = await makePicture('png');
  const first = await app.upload(image, 'image/png', 'one.png');
  const second = await app.upload(image, 'image/png', 'two.png');
  await app.runJobs();
  await app.files.remove(first);
  await app.runJobs();

  expect((await app.download(first)).status).toBe(404);
  expect((await app.download(second)).status).toBe(200);
});

test('What is swapped after it was read is not published', async () => {
  await using app = await startTestApp({
    scan: async () => {
      const other = Buffer.from(`${PDF}other`);
      const [id = ''] = await app.listKeys('quarantine');
      await app.buckets.quarantine.write(id, other);
      return undefined;
    },
  });
  const id = await app.upload(PDF, TYPE);
  await app.runJobs();

  expect((await app.download(id)).bytes.toString()).toBe(PDF);
});

test('A job that is older than an hour does not disturb a scan that is under way', async () => {
  await using app = await startTestApp();
  const id = await app.upload(PDF, TYPE);
  const jobs = await app.claim(); // the scan
  await app.passTime(3600);
  await app.pool.query(
    `update jobs set due_at = now() + interval '1 h'
     where kind = 'scan-file'`,
  );
  expect(await app.runJobs()).toEqual(['clean-up-file: done']);
  expect(await app.listKeys('quarantine')).toEqual([id]);
  for (const job of jobs) await app.run(job);
  expect((await app.download(id)).status).toBe(200);
});

test('A type that no browser should get is refused by the table', async () => {
  const bytes = Buffer.from('<script>');
  await using app = await startTestApp({
    inspect: async () => ({ bytes, type: 'text/html' }),
  });
  const id = await app.upload('x', 'image/png');

  expect(await app.runJobs()).toEqual([
    expect.stringMatching(/files_type_check/),
  ]);
  expect(await app.look(id)).toMatchObject({ state: 'quarantined' });
});

test('A row cannot be decided in part', async () => {
  await using app = await startTestApp();
  await app.upload(PDF, TYPE);

  for (const change of [
    `state = 'published', decided_at = now()`,
    `state = 'rejected', decided_at = now()`,
    `state = 'rejected', reason = 'x'`,
    `reason = 'x'`,
    `decided_at = now()`,
    `state = 'gone', decided_at = now()`,
    `state = 'published', object = id, decided_at = now()`,
  ])
    await expect(
      app.pool.query(`update files set ${change}`),
    ).rejects.toMatchObject({ code: '23514' });
  for (const column of [
    'id',
    'name',
    'declared_type',
    'state',
    'crashes',
    'created_at',
  ])
    await expect(
      app.pool.query(`update files set ${column} = null`),
    ).rejects.toMatchObject({ code: '23502' });
  await expect(
    app.pool.query('insert into files select * from files'),
  ).rejects.toMatchObject({ code: '23505' });
});

test('The oldest file that waits is found by an index', async () => {
  await using app = await startTestApp();
  const { rows } = await app.pool.query(
    `select pg_get_expr(indpred, indrelid) as predicate from pg_index
     where indexrelid = 'files_in_quarantine'::regclass`,
  );

  expect(rows).toEqual([
    { predicate: `(state = 'quarantined'::text)` },
  ]);
});

test('A file is written one part after the other, and removed before it is said to be', async () => {
  const bucket = `parts-${randomUUID()}`;
  const client = await createBuckets(store, [bucket]);
  let underWay = 0;
  const most: number[] = [];
  client.middlewareStack.add(
    (send) => async (call) => {
      most.push(++underWay);
      try {
        return await send(call);
      } finally {
        underWay -= 1;
      }
    },
    { step: 'build' },
  );
  const parts = createBucket(client, bucket);
  await parts.write('x', Buffer.alloc(16_000_000));
  expect(await parts.read('x')).toHaveLength(16_000_000);
  expect(most.length).toBeGreaterThan(4);
  expect(Math.max(...most)).toBe(1);

  const deleteObject = async () => {
    throw new Error('the store is down');
  };
  const down = createBucket({ deleteObject } as never, bucket);
  await expect(down.remove('x')).rejects.toThrow('the store is down');
});

test('A store that sends no stream is an error', async () => {
  const client: object = { getObject: async () => ({}) };
  const bucket = createBucket(client as never, 'files');

  await expect(bucket.read('x')).rejects.toThrow('no stream');
});

test('A name is normal, trimmed, and at most 100 characters long', () => {
  const names = {
    'a\u0308': 'ä',
    ['😀'.repeat(120)]: '😀'.repeat(100),
    ' x ': 'x',
    'my own.file.png': 'my own.file.png',
    [`${'x'.repeat(99)} y`]: 'x'.repeat(99),
    'a/b\n/c\\.\t.d/': 'file',
  };
  for (const [name, clean] of Object.entries(names))
    expect(cleanName(name)).toBe(clean);
});

test('A body is kept up to its limit in bytes, whatever its sender says', async () => {
  await using app = await startTestApp();
  const { quarantine } = app.buckets;
  const { pool, queue } = app;
  const files = createFileQuarantine({
    pool,
    queue,
    quarantine,
    maxBytes: 6,
  });
  const receive = (...chunks: string[]) =>
    files.receive({
      name: 'x',
      declaredType: TYPE,
      body: Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
    });

  const id = await receive('abc', 'def');
  expect(`${await quarantine.read(id)}`).toBe('abcdef');
  await expect(receive('abc', 'def', 'g')).rejects.toMatchObject({
    name: 'FileTooLargeError',
    code: 'file_too_large',
    status: 413,
    expose: true,
    message: 'Send at most 6 bytes',
  });
  expect(await app.listKeys('quarantine')).toEqual([id]);
  expect(await app.post(Buffer.alloc(2_000_001), TYPE)).toMatchObject({
    status: 413,
    body: { code: 'file_too_large' },
  });

  const most = createFileQuarantine({ pool, queue, quarantine });
  const none = createFileQuarantine({
    pool,
    queue,
    quarantine,
    maxBytes: Number.NaN,
  });
  await expect(
    none.receive({
      name: 'x',
      declaredType: TYPE,
      body: Readable.from([Buffer.alloc(1)]),
    }),
  ).rejects.toThrow('Send at most');
  for (const [bytes, isTaken] of [
    [25_000_000, true],
    [25_000_001, false],
  ] as const) {
    const body = Readable.from([Buffer.alloc(bytes)]);
    const received = most.receive({
      name: 'x',
      declaredType: TYPE,
      body,
    });
    const settled = await Promise.allSettled([received]);
    expect(settled[0].status === 'fulfilled').toBe(isTaken);
  }
});
