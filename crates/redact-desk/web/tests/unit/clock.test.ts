import { expect, test } from 'vitest';
import { FrameClock } from '../../src/review/clock';

const STEADY = new FrameClock({
  frames: 300,
  num: 1001,
  den: 30_000,
  runs: [[300, 1]],
});
// A camera that slows down: ten frames of 1/30 s, then five of 1/10 s, then five of 1/30 s.
const UNEVEN = new FrameClock({
  frames: 20,
  num: 1,
  den: 30,
  runs: [
    [10, 1],
    [5, 3],
    [5, 1],
  ],
});

test('the middle of every frame is within that frame', () => {
  for (const clock of [STEADY, UNEVEN]) {
    for (let frame = 0; frame < clock.frames; frame += 1) {
      expect(clock.at(clock.middle(frame))).toBe(frame);
    }
  }
});

test('the start of every frame belongs to it and is nearest to it', () => {
  for (const clock of [STEADY, UNEVEN]) {
    for (let frame = 0; frame < clock.frames; frame += 1) {
      expect(clock.at(clock.start(frame))).toBe(frame);
      expect(clock.nearest(clock.start(frame) + 1e-4)).toBe(frame);
      expect(clock.nearest(Math.max(0, clock.start(frame) - 1e-4))).toBe(frame);
    }
  }
});

test('frames of different lengths begin where the ones before end', () => {
  expect(UNEVEN.start(10)).toBeCloseTo(10 / 30, 9);
  expect(UNEVEN.start(11)).toBeCloseTo(13 / 30, 9);
  expect(UNEVEN.start(15)).toBeCloseTo(25 / 30, 9);
  expect(UNEVEN.start(20)).toBeCloseTo(1, 9);
  expect(UNEVEN.seconds).toBeCloseTo(1, 9);
});

test('before the beginning is the first frame, after the end the last', () => {
  expect(UNEVEN.at(-1)).toBe(0);
  expect(UNEVEN.at(100)).toBe(19);
});

test('a person names a frame by its time or its number', () => {
  expect(STEADY.named('0:04.5')).toBe(STEADY.at(4.5));
  expect(STEADY.named(' 4,5 ')).toBe(STEADY.at(4.5));
  expect(STEADY.named('f120')).toBe(120);
  expect(STEADY.named('#0')).toBe(0);
  for (const wrong of ['f300', '0:11', 'abc', '', '-1', '1:2:3:4']) {
    expect(STEADY.named(wrong), wrong).toBeNull();
  }
});
