import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RollUp, startTestStorage } from './test-storage.ts';

describe('a reading', () => {
  it('is in the history at once, and in its roll-ups after the next run', async () => {
    await using storage = await startTestStorage();

    await storage.append({
      '2026-06-15T11:50:10Z': 20,
      '2026-06-15T11:50:50Z': 22,
      '2026-06-15T11:59:00Z': 30,
    });

    const minute = {
      from: new Date('2026-06-15T11:50:00Z'),
      to: new Date('2026-06-15T11:51:00Z'),
    };
    const { points, ...about } = await storage.read(minute);
    expect(about).toEqual({
      step: '1 second',
      table: 'sensor_readings',
    });
    expect(points.filter(({ count }) => count > 0)).toEqual([
      point('2026-06-15T11:50:10Z', 20),
      point('2026-06-15T11:50:50Z', 22),
    ]);
    await storage.rollUps.runAll();
    expect(await storage.rollUpsOf('minutes')).toEqual([
      rolled('2026-06-15T11:50:00Z', [2, 42, 20, 22]),
      rolled('2026-06-15T11:59:00Z', [1, 30, 30, 30]),
    ]);
    expect(await storage.rollUpsOf('quarters')).toEqual([
      rolled('2026-06-15T11:45:00Z', [3, 72, 20, 30]),
    ]);
  });

  it('is the latest of its sensor until there is a later one', async () => {
    await using storage = await startTestStorage();
    async function latest() {
      const [roof] = await storage.sensors.find(['roof']);
      return roof?.latest;
    }

    expect(await latest()).toBeNull();
    await storage.append({ '2026-06-15T11:00:00Z': 1 });
    await storage.append({ '2026-06-15T10:00:00Z': 2 });
    expect(await latest()).toEqual({
      at: new Date('2026-06-15T11:00:00Z'),
      value: 1,
    });
    await storage.append({
      '2026-06-15T11:30:00Z': 3,
      '2026-06-15T11:20:00Z': 4,
    });
    expect(await latest()).toMatchObject({ value: 3 });
    storage.clock.advance({ days: 1 });
    expect(await latest()).toBeNull();
  });

  it('that comes in any order, more than once and between roll-ups is counted as if all came at once', async () => {
    await using storage = await startTestStorage();
    const start = Date.parse('2026-06-15T09:00:00Z');
    // Whole numbers: their sums are exact in every order.
    const reading = fc.record({
      second: fc.nat(3 * 3600 - 1),
      value: fc.integer({ min: -1e6, max: 1e6 }),
    });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.array(reading, { maxLength: 20 }) },
      { weight: 1, arbitrary: fc.constantFrom('roll up', 'repeat') },
    );

    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        async (steps) => {
          await storage.pool.query(
            'truncate sensor_readings, minutes, quarters, marks',
          );
          const known = new Map<number, number>();
          const batches: Record<string, number>[] = [];
          for (const next of steps) {
            if (next === 'roll up') await storage.rollUps.runOnce();
            else if (next === 'repeat')
              await Promise.all(batches.map(storage.append));
            else if (next.length > 0) {
              const batch: Record<string, number> = {};
              for (const { second, value } of next) {
                const at = start + second * 1000;
                known.set(at, known.get(at) ?? value);
                batch[new Date(at).toISOString()] ??= value;
              }
              batches.push(batch);
              await storage.append(batch);
            }
          }
          await storage.rollUps.runAll();
          expect(await storage.rollUpsOf('minutes')).toEqual(
            rollUpInMemory(known, 60),
          );
          expect(await storage.rollUpsOf('quarters')).toEqual(
            rollUpInMemory(known, 900),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

type Figures = [count: number, sum: number, min: number, max: number];

function rolled(at: string, [count, sum, min, max]: Figures) {
  return { at: new Date(at), count, sum, min, max };
}

function point(at: string, value: number) {
  return {
    at: new Date(at),
    count: 1,
    mean: value,
    min: value,
    max: value,
  };
}

/** What the roll-ups of readings must be: computed at once, in memory. */
function rollUpInMemory(
  readings: Map<number, number>,
  seconds: number,
): RollUp[] {
  const step = seconds * 1000;
  const groups = Map.groupBy(
    readings,
    ([at]) => Math.floor(at / step) * step,
  );
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([at, group]) => {
      const values = group.map(([, value]) => value);
      return {
        at: new Date(at),
        count: values.length,
        sum: values.reduce((sum, value) => sum + value, 0),
        min: Math.min(...values),
        max: Math.max(...values),
      };
    });
}
