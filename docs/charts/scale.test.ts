import { expect, it } from 'vitest';
import { chooseScale } from './scale.ts';

it('begins a linear scale at zero', () => {
  const { place, isLogarithmic, ticks } = chooseScale([50, 100]);
  expect([place(0), place(50), isLogarithmic, ticks]).toEqual([0, place(100) / 2, false, []]);
});

it('takes equal steps for equal ratios where values differ much, and names powers of ten', () => {
  const { place, isLogarithmic, ticks } = chooseScale([0.9, 2270]);
  expect(isLogarithmic).toBe(true);
  expect(ticks).toEqual([1, 10, 100, 1000]);
  expect(place(100) - place(10)).toBeCloseTo(place(10) - place(1));
});
