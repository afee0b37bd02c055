// Bars show every request once.
import { expect, test } from 'vitest';
import type { PeriodFigures } from '../../src/api/types';
import { barsOf, hoursText, monthText } from '../../src/lib/statistics';

const month = (name: string, received: number, on_time: number, late: number): PeriodFigures => ({
  month: name,
  received,
  answered: on_time,
  on_time,
  late,
  open: received - on_time,
  median_days: null,
  recordings: 0,
  seconds_in: 0,
  releases: 0,
  seconds_out: 0,
  muted_seconds: 0,
});

test('each request is in one part of one bar', () => {
  const bars = barsOf([month('2026-09', 10, 6, 3), month('2026-10', 0, 0, 0)]);
  expect(bars[0]!.parts).toEqual([
    { kind: 'on-time', count: 6 },
    { kind: 'late', count: 3 },
    { kind: 'open', count: 1 },
  ]);
  expect(bars.map((bar) => bar.height)).toEqual([80, 0]);
  expect(barsOf([])).toEqual([]);
});

test('months and hours', () => {
  expect(monthText('2026-09')).toBe('Sep 2026');
  expect(hoursText(4500)).toBe('1.25');
});
