// Several cameras on one clock.
import { expect, test } from 'vitest';
import type { Recording } from '../../src/api/types';
import {
  frameAt,
  frameSeconds,
  type OnClock,
  readSeconds,
  recordedStarts,
  spanOfAll,
  stepped,
} from '../../src/cameras/shared-clock';
import { FrameClock } from '../../src/review/clock';

const camera = (starts: number, frames: number, rate: number): OnClock => ({
  starts,
  clock: new FrameClock({ frames, num: 1, den: rate, runs: [[frames, 1]] }),
});

test('the clock goes from the first frame of the first camera to the last of the last', () => {
  const all = [camera(0, 300, 30), camera(-2.5, 100, 25), camera(8, 60, 15)];
  expect(spanOfAll(all)).toEqual({ start: -2.5, end: 12 });
  expect(spanOfAll([])).toEqual({ start: 0, end: 0 });
});

test('a camera has a picture only while it records', () => {
  const one = camera(4, 300, 30);
  expect(frameAt(one, 3.99)).toBeNull();
  expect(frameAt(one, 4)).toBe(0);
  expect(frameAt(one, 4 + 149.5 / 30)).toBe(149);
  expect(frameAt(one, 14)).toBeNull();
  // Sums of floating-point numbers.
  expect(frameAt(camera(0.1 + 0.2, 10, 10), 0.3)).toBe(0);
});

test('a step is one frame of the camera, and stays within it', () => {
  const one = camera(4, 300, 30);
  const at = stepped(one, 4 + 10.5 / 30, 1);
  expect(frameAt(one, at)).toBe(11);
  expect(frameAt(one, stepped(one, at, -1))).toBe(10);
  expect(frameAt(one, stepped(one, 4, -5))).toBe(0);
  expect(frameSeconds(one, 3)).toBeCloseTo(1 / 30, 9);
});

test('start times of files are used only if all have one', () => {
  const recording = (recorded_at?: string): Recording =>
    ({ media: recorded_at === undefined ? {} : { recorded_at } }) as unknown as Recording;
  const [first, second] = ['2026-03-02T10:00:03Z', '2026-03-02T10:00:01Z'];
  expect(recordedStarts([recording(first), recording(second)])).toEqual([2, 0]);
  expect(recordedStarts([recording(first), recording()])).toBeNull();
  expect(recordedStarts([recording(first)])).toBeNull();
});

test('a typed time is seconds, or minutes and seconds', () => {
  expect(readSeconds('12.5')).toBe(12.5);
  expect(readSeconds(' 1:02,5 ')).toBe(62.5);
  expect(readSeconds('-3')).toBe(-3);
  expect(readSeconds('−0:03')).toBe(-3);
  for (const wrong of ['', 'soon', '1:2:3:4', '--1']) expect(readSeconds(wrong)).toBeNull();
});
