import { describe, expect, it, vi } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

/** Work that ends when it is told to. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const work = vi.fn(() => promise);
  return { work, open: () => resolve('done') };
}

describe('a queue', () => {
  it('runs so much at once, and the rest in the order it came', async () => {
    const queue = createWorkQueue({ parallel: 2, waiting: 3 });
    const gates = Array.from({ length: 5 }, createGate);
    const results = gates.map(({ work }) => queue.run(work));
    const started = () =>
      gates.map(({ work }) => work.mock.calls.length).join('');

    expect(started()).toBe('11000');
    gates[1]?.open();
    await results[1];
    expect(started()).toBe('11100');
    gates[0]?.open();
    await results[0];
    expect(started()).toBe('11110');
    for (const gate of gates) gate.open();
    expect(await Promise.all(results)).toEqual(Array(5).fill('done'));

    const again = [createGate(), createGate(), createGate()];
    for (const { work } of again) void queue.run(work);
    expect(again.map(({ work }) => work.mock.calls.length)).toEqual([
      1, 1, 0,
    ]);
    for (const gate of again) gate.open();
  });

  it('refuses what does not fit, and takes it once there is room', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const [first, second, third] = [
      createGate(),
      createGate(),
      createGate(),
    ];
    const running = queue.run(first.work);
    const waiting = queue.run(second.work);

    await expect(queue.run(third.work)).rejects.toMatchObject({
      name: 'QueueFullError',
      code: 'too_many_logins',
      status: 503,
      retryAfterSeconds: 2,
    });
    expect(third.work).not.toHaveBeenCalled();
    first.open();
    await running;
    const taken = queue.run(third.work);
    second.open();
    third.open();
    expect(await Promise.all([waiting, taken])).toEqual([
      'done',
      'done',
    ]);
  });

  it('goes on after work that fails', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const fault = new Error('no memory');
    const failed = queue.run(() => Promise.reject(fault));
    const next = queue.run(async () => 'done');

    await expect(failed).rejects.toBe(fault);
    expect(await next).toBe('done');
    expect(await queue.run(async () => 'done')).toBe('done');
  });

  it('forgets work whose client is gone, and that alone', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 2 });
    const first = createGate();
    const gone = createGate();
    const last = createGate();
    const running = queue.run(first.work);
    const controller = new AbortController();
    const left = queue.run(gone.work, controller.signal);
    const waiting = queue.run(last.work);

    controller.abort();
    await expect(left).rejects.toBe(controller.signal.reason);

    // There is room for one again.
    const late = queue.run(async () => 'late');
    first.open();
    last.open();
    expect(await Promise.all([running, waiting, late])).toEqual([
      'done',
      'done',
      'late',
    ]);
    expect(gone.work).not.toHaveBeenCalled();
    expect(last.work).toHaveBeenCalledTimes(1);
  });

  it('does not begin for a client that is gone already', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 1 });
    const { work } = createGate();

    await expect(
      queue.run(work, AbortSignal.abort()),
    ).rejects.toMatchObject({ name: 'AbortError' });

    expect(work).not.toHaveBeenCalled();
    expect(await queue.run(async () => 'done')).toBe('done');
  });

  it('lets work that has begun end, though its client goes', async () => {
    const queue = createWorkQueue({ parallel: 1, waiting: 2 });
    const first = createGate();
    const second = createGate();
    const controller = new AbortController();
    const running = queue.run(first.work);
    const begun = queue.run(second.work, controller.signal);
    first.open();
    await running;
    const third = queue.run(async () => 'third');

    controller.abort();
    second.open();

    expect(await Promise.all([begun, third])).toEqual([
      'done',
      'third',
    ]);
  });

  it('leaves a thread for files and DNS', () => {
    const create = (parallel: number, waiting = 1) =>
      createWorkQueue({ parallel, waiting });
    for (const parallel of [0, 4, Number.NaN])
      expect(() => create(parallel)).toThrow(
        'parallel is not between 1 and 3',
      );
    expect(create(3)).toBeDefined();
    expect(create(1)).toBeDefined();
    for (const waiting of [-1, 1001, Number.NaN])
      expect(() => create(1, waiting)).toThrow(
        'waiting is not between 0 and 1000',
      );
    expect(create(1, 0)).toBeDefined();
    expect(create(1, 1000)).toBeDefined();

    vi.stubEnv('UV_THREADPOOL_SIZE', '8');
    try {
      expect(create(7)).toBeDefined();
      expect(() => create(8)).toThrow('between 1 and 7');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
