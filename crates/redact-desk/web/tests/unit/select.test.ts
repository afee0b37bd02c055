import { expect, test } from 'vitest';
import type { Risk } from '../../src/api/types';
import { decide, merge, split } from '../../src/review/edit';
import {
  bestFrame,
  checkEntries,
  checkFirst,
  entryKey,
  listed,
  listRows,
  nextBelow,
  nextEntry,
  riskByTrack,
} from '../../src/review/select';
import { clockText, dueText, spanText } from '../../src/lib/format';
import { DOCUMENT, FOUND, POLICY } from './scene';

const ids = (tracks: { id: number }[]): number[] => tracks.map((t) => t.id);

test('the riskiest comes first, then by time', () => {
  const risk = (track: number, size: number): Risk => ({
    track,
    class: 'face',
    start: 0,
    end: 1,
    why: '',
    risk: size,
  });
  const risks = riskByTrack([risk(3, 0.2), risk(3, 0.9), risk(2, 0.4)]);
  expect(risks.get(3)!.risk).toBe(0.9);
  expect(ids(listed(DOCUMENT, 'all', 'risk', (t) => risks.get(t.id) ?? null))).toEqual([3, 2, 1]);
});

const span = (track: number, size: number, start: number, end: number): Risk => ({
  track,
  class: 'face',
  start,
  end,
  frame: start,
  why: '',
  risk: size,
});

// Goal: never more rows than tracks, the riskiest first, also in what an earlier version prepared.
test('each track has one row of what to check first', () => {
  const list = [span(1, 0.2, 0, 2), span(1, 0.9, 8, 10), span(3, 0.4, 40, 50)];
  const rows = checkFirst(DOCUMENT, list);
  expect(rows.map((row) => [row.track?.id, row.risk.risk])).toEqual([
    [1, 0.9],
    [3, 0.4],
  ]);
});

test('a merged track has one row, and of a split one the part with the risk has it', () => {
  const list = [span(1, 0.2, 0, 2), span(2, 0.9, 20, 22), span(3, 0.4, 48, 50)];
  const merged = merge(new Set([1, 2]))(DOCUMENT);
  expect(checkFirst(merged, list).map((row) => row.risk.track)).toEqual([2, 3]);
  const halves = split(3, 45, FOUND)(DOCUMENT);
  const row = checkFirst(halves, list).find((one) => one.risk.track === 3)!;
  expect(row.track!.parts).toEqual([{ found: 3, start: 45, end: 50 }]);
});

test('a found track that the review left out still has a row', () => {
  const without = { ...DOCUMENT, tracks: DOCUMENT.tracks.slice(1) };
  expect(checkFirst(without, [span(1, 0.2, 0, 2)])[0]!.track).toBeNull();
});

test('a filter shows what it says', () => {
  const kept = decide(POLICY, (t) => t.id === 2, 'keep')(DOCUMENT);
  expect(ids(listed(kept, 'undecided', 'time', () => null))).toEqual([1, 3]);
  expect(ids(listed(kept, 'kept', 'time', () => null))).toEqual([2]);
});

test('a track is shown where a model saw it largest', () => {
  const found = structuredClone(FOUND.get(1)!);
  found.boxes.splice(6 * 4, 4, 0, 0, 0.9, 0.9);
  found.boxes.splice(7 * 4, 4, 0, 0, 1, 1);
  found.origins = 'dddddddidd'; // Frame 7 was filled in, not seen.
  expect(bestFrame(DOCUMENT.tracks[0]!, new Map([[1, found]]))).toBe(6);
});

test('times and dates are in words', () => {
  expect(clockText(3723.456)).toBe('1:02:03.45');
  expect(clockText(59.999, 0)).toBe('0:59');
  expect(spanText(8.04)).toBe('8 s');
  expect(spanText(4800)).toBe('1 h 20 min');
  expect(dueText(-1, false)).toBe('1 day overdue');
  expect(dueText(0, false)).toBe('due today');
});

test('the list to check first is walked once, in order, whatever was shown before', () => {
  const keys = ['a', 'b', 'c', 'd'];
  const seen = new Set<string>();
  const walked: string[] = [];
  let at: number | null = -1;
  for (let step = 0; step < 10 && at !== null; step += 1) {
    at = nextEntry(keys, seen, at, 1);
    if (at === null) break;
    walked.push(keys[at]!);
    seen.add(keys[at]!);
  }
  expect(walked).toEqual(keys);
  // From the middle: what was passed over comes last, and nothing twice.
  expect(nextEntry(keys, new Set(['c']), 2, 1)).toBe(3);
  expect(nextEntry(keys, new Set(['c', 'd']), 3, 1)).toBe(0);
  expect(nextEntry(keys, new Set(keys), 1, 1)).toBeNull();
  expect(nextEntry(keys, new Set(keys), 2, -1)).toBe(1);
  expect(nextEntry(keys, seen, 0, -1)).toBeNull();
});

test('frames in which a region lost its object are checked before the tracks', () => {
  const region = {
    id: 'region-1',
    effect: { kind: 'fill' as const },
    reason: 'privacy-face',
    start: 0,
    end: 5,
    keyframes: [[0, 0, 0, 1, 1] as [number, number, number, number, number]],
    lost: [[5, 9] as [number, number]],
  };
  const document = { ...DOCUMENT, drawn: [region] };
  const rows = checkFirst(document, [span(1, 0.2, 0, 2)]);
  expect(checkEntries(document, rows).map(entryKey)).toEqual(['gap-region-1-5', 'track-1']);
  const kinds = (filter: 'all' | 'kept', of: 'all' | 'face'): string[] =>
    listRows(document.drawn, document.tracks, filter, of).map((row) => row.kind);
  expect(kinds('all', 'all')[0]).toBe('drawn');
  expect(kinds('kept', 'all')).not.toContain('drawn');
  expect(kinds('all', 'face')).not.toContain('drawn');
});

test('repeated clicks reach everything that lies at a place', () => {
  const here = ['top', 'middle', 'bottom'];
  const clicks: (string | null)[] = [];
  let chosen: string | null = null;
  for (let i = 0; i < 4; i += 1) {
    chosen = nextBelow(here, (item) => item === chosen);
    clicks.push(chosen);
  }
  expect(clicks).toEqual(['top', 'middle', 'bottom', 'top']);
  expect(nextBelow([], () => true)).toBeNull();
});
