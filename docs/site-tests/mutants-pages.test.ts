import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countMutants } from '../../scripts/mutate/mutation-record.ts';
import { drawMutants } from '../mutants/draw-mutants.ts';
import {
  groupMutants,
  linkMutants,
  mutantsAddress,
  sayPercentCaught,
  sayShareCaught,
  sumMutants,
} from '../mutants/mutants.ts';
import { readEvidence } from '../patterns/evidence.ts';
import { isPattern, listLinks, listPages, readPage, readTwin } from './helpers/built-site.ts';

const patterns = listPages().filter(isPattern);

/** The patterns that have a record of mutants, made of their sources as they are. */
const recorded = patterns.flatMap((page) => {
  const id = page.slice('/patterns/'.length, -1);
  const { mutants } = readEvidence(join(import.meta.dirname, '../..'), id);
  return mutants ? [{ id, mutants }] : [];
});

const isMutantsPage = (page: string): boolean => /^\/proof\/./.test(page);

it('are there for each pattern that has a record, and linked from its page and the proof page', () => {
  const pages = recorded.map(({ id }) => mutantsAddress(id));
  const linkedFrom = (page: string) => listLinks(readPage(page)).filter(isMutantsPage);
  expect(listPages().filter(isMutantsPage)).toEqual(pages);
  expect(linkedFrom('/proof/')).toEqual(pages);
  expect(patterns.flatMap(linkedFrom)).toEqual(pages);
});

it('show each survivor and each reason, and in the twin too', () => {
  for (const { id, mutants } of recorded) {
    const html = readPage(mutantsAddress(id));
    const drawn = groupMutants(mutants).map((file) => drawMutants(id, file));
    expect(drawn.filter((file) => !html.includes(file))).toEqual([]);
    const diffs = readTwin(mutantsAddress(id)).match(/^ *```diff$/gm) ?? [];
    expect(diffs).toHaveLength(mutants.survivors.length + mutants.equivalents.length);
  }
});

it('have the figures that the page of the pattern and the proof page say', () => {
  const proof = readPage('/proof/');
  for (const { id, mutants } of recorded) {
    expect(readPage(`/patterns/${id}/`)).toContain(`>${linkMutants(id, mutants)?.text}</a>`);
    expect(proof).toContain(`>${sayShareCaught(countMutants(mutants))}</a>`);
  }
  const sum = sayPercentCaught(sumMutants(recorded.map(({ mutants }) => mutants)));
  expect(proof.includes(`>${sum}</dd>`)).toBe(recorded.length > 0);
});
