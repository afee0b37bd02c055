import { expect, test } from 'vitest';
import type { Risk } from '../../src/api/types';
import { decide } from '../../src/review/edit';
import { bestFrame, listed, riskByTrack } from '../../src/review/select';
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
