import { expect, test } from 'vitest';
import type { View } from '../../src/api/types';
import { groupDifferences, runsText } from '../../src/lib/group-differences';
import { grouped } from '../../src/lib/revisions';
import { framed } from '../../src/lib/sheet';
import { checkText } from '../../src/lib/verdict';
import { percent, unwatched, watchedBy } from '../../src/lib/watched';
import { decisionOf, NOTHING_TO_WITHHOLD, reasonsFor } from '../../src/review/edit';
import { POLICY } from './scene';

const view = (by: string, ...seconds: [number, number][]): View => ({
  by,
  began_at: '',
  last_at: '',
  spans: [],
  seconds,
  frames: 0,
  seen: {},
  open: false,
});

test('who watched how much, over all sessions, and what nobody watched', () => {
  const views = [view('Ada', [0, 4]), view('Ben', [6, 8]), view('Ada', [3, 5]), view('Cy')];
  const people = watchedBy(views, 10);
  expect(people.map((p) => [p.by, p.spans, p.share])).toEqual([
    ['Ada', [[0, 5]], 0.5],
    ['Ben', [[6, 8]], 0.2],
    ['Cy', [], 0],
  ]);
  expect(unwatched(people, 10)).toEqual([
    [5, 6],
    [8, 10],
  ]);
  expect(watchedBy([view('Ada', [0, 9.99])], 10)[0]?.share).toBe(1);
  expect(unwatched(watchedBy([view('Ada', [0, 9.99])], 10), 10)).toEqual([]);
});

test('only the whole is 100 %, and only nothing is 0 %', () => {
  expect([1, 0.999, 0.5, 0.001, 0].map(percent)).toEqual(['100 %', '99 %', '50 %', '1 %', '0 %']);
});

test('equal differences are one row', () => {
  const track = (number: number, there: string) => ({
    track: number,
    class: 'face' as const,
    here: 'fill (privacy-face)',
    there,
  });
  const rows = groupDifferences(
    [1, 2, 3, 7].map((n) => track(n, 'kept (x)')).concat(track(5, 'no track')),
  );
  expect(rows.map((r) => [r.what, r.there])).toEqual([
    ['Faces 1 to 3, 7', 'kept (x)'],
    ['Face 5', 'no track'],
  ]);
  expect(runsText([4, 3])).toBe('3, 4');
});

test('saves by one person in a row are one row, and what was set aside is separate', () => {
  const row = (revision: number, at: string, by: string) => ({ revision, at, by, undecided: 0 });
  const rows = grouped([
    row(1, '2026-03-02T09:00:00Z', 'Ada'),
    row(2, '2026-03-02T09:30:00Z', 'Ada'),
    row(3, '2026-03-02T09:31:00Z', 'Ada'),
    row(-1, '2026-03-02T09:32:00Z', 'Ben'),
    row(4, '2026-03-02T09:33:00Z', 'Ben'),
  ]);
  expect(rows.map((r) => r.revision)).toEqual([4, -1, 3, 1]);
});

test('a box is in the middle of its picture, and nothing is enlarged more than eight times', () => {
  const { width, left, top } = framed([0.45, 0.4, 0.55, 0.6]);
  expect(width).toBeCloseTo(444.4, 0);
  // The middle of the box, in percent of the window, is its middle.
  expect(left + 0.5 * width).toBeCloseTo(50);
  expect(top + (0.5 * width) / (16 / 9)).toBeCloseTo(50);
  expect(framed([0.5, 0.5, 0.501, 0.501]).width).toBe(800);
  const corner = framed([0, 0, 0.05, 0.05]);
  expect([corner.left, corner.top]).toEqual([-0, -0]);
  expect(framed([0, 0, 1, 1]).width).toBeCloseTo(177.8, 0);
});

test('reasons are offered only for what they are for, and only those of the law', () => {
  expect(reasonsFor(POLICY.reasons, false).map((r) => r.code)).toEqual(['privacy-face']);
  const keep = ['evidence-plate', NOTHING_TO_WITHHOLD];
  expect(reasonsFor(POLICY.reasons, true).map((r) => r.code)).toEqual(keep);
  // A kept face does not get the reason to hide faces, and a hidden plate not the one to keep.
  expect(decisionOf(POLICY, 'face', 'keep').reason).toBe(NOTHING_TO_WITHHOLD);
  expect(decisionOf(POLICY, 'plate', 'keep').reason).toBe('evidence-plate');
  expect(decisionOf(POLICY, 'plate', 'redact').reason).toBe('privacy-face');
});

test('a failed check is a sentence', () => {
  const check = (name: string) =>
    ({ group: 'leaks', name, status: 'wrong', evidence: '2 found' }) as const;
  expect(checkText(check('Container-tags'))).toContain('metadata tags');
  expect(checkText(check('something new'))).toBe('The check “something new” failed: 2 found.');
});
