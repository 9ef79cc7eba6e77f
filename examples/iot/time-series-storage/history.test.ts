import { describe, expect, it } from 'vitest';
import { chooseStep } from './history.ts';
import { DAY } from './levels.ts';
import { startTestStorage } from './test-storage.ts';

describe('a history', () => {
  it('shows a gap as points without a value', async () => {
    await using storage = await startTestStorage();
    await storage.append({
      '2026-06-15T11:00:00Z': 1,
      '2026-06-15T11:02:00Z': 3,
    });

    const { points } = await storage.read({
      from: new Date('2026-06-15T11:00:00Z'),
      to: new Date('2026-06-15T11:02:10Z'),
      maxPoints: 50,
    });

    expect(points.map(({ count }) => count)).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
    expect(points[1]).toEqual({
      at: new Date('2026-06-15T11:00:10Z'),
      count: 0,
      mean: null,
      min: null,
      max: null,
    });
  });

  it('is as fine as points and age allow', () => {
    const now = new Date('2026-06-15T12:00:00Z');
    const choose = (
      days: number,
      daysAgo: number,
      maxPoints: number,
    ) => {
      const from = new Date(now.getTime() - daysAgo * DAY);
      const to = new Date(from.getTime() + days * DAY);
      const { step, table } = chooseStep({ from, to, maxPoints }, now);
      return `${step} of ${table}`;
    };

    expect(choose(1 / 144, 1 / 144, 700)).toBe(
      '1 second of sensor_readings',
    );
    expect(choose(1 / 24, 1 / 24, 500)).toBe(
      '10 seconds of sensor_readings',
    );
    expect(choose(1, 1, 500)).toBe('5 minutes of minutes');
    expect(choose(1, 1, 1500)).toBe('1 minute of minutes');
    expect(choose(7, 7, 500)).toBe('1 hour of quarters');
    expect(choose(365, 365, 500)).toBe('1 day of quarters');
    expect(choose(365, 365, 100)).toBe('1 week of quarters');
    expect(choose(3650, 3650, 500)).toBe('1 month of quarters');
    expect(choose(20 * 366, 20 * 366, 50)).toBe('1 year of quarters');
    expect(choose(1 / 24, 89, 500)).toBe(
      '10 seconds of sensor_readings',
    );
    expect(choose(1 / 24, 91, 500)).toBe('1 minute of minutes');
    expect(choose(1 / 24, 401, 500)).toBe('15 minutes of quarters');
    expect(choose(1 / 24, 5000, 500)).toBe('15 minutes of quarters');
    expect(() => choose(300_000, 300_000, 50)).toThrow(RangeError);
  });
});
