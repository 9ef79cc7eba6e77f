import { expect, it } from 'vitest';
import { findLeastShare, simulateMonth } from './test-noise.ts';

const HOURLY = [30, 100, 300, 1000];

it('has as few false alarms in a month as the page says', () => {
  const countAlerts = (sentAlike: number, rowsAlike: number) =>
    HOURLY.map(
      (rowsAnHour) =>
        simulateMonth({
          referenceRows: 1000,
          rowsAnHour,
          sentAlike,
          rowsAlike,
        }).alerts,
    );

  expect(countAlerts(1, 1)).toEqual([0, 0, 0, 0]);
  expect(countAlerts(5, 1)).toEqual([92, 418, 240, 0]);
  expect(countAlerts(5, 5)).toEqual([0, 0, 0, 0]);
});

it('sees as small a share of rows in inches as the page says', () => {
  const find = (referenceRows: number) =>
    [100, 1000, 10_000].map((rows) =>
      findLeastShare(referenceRows, rows),
    );

  expect(find(150)).toEqual([35, 17, 16]);
  expect(find(1000)).toEqual([22, 8, 4]);
  expect(find(10_000)).toEqual([22, 5, 4]);
});
