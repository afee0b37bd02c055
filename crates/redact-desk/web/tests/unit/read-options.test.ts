// Frame rates as people type them.
import { expect, test } from 'vitest';
import { AS_FILE, optionsText, parseRate, rateText } from '../../src/lib/read-options';

test('a frame rate is read as the command line reads it', () => {
  for (const [text, rate] of [
    ['25', [25, 1]],
    [' 29.97 ', [30_000, 1001]],
    ['30000/1001', [30_000, 1001]],
    ['12.5', [12_500, 1000]],
    ['0.1', [100, 1000]],
  ] as const) {
    expect(parseRate(text)).toEqual(rate);
  }
  for (const text of ['', '0', '25fps', '-1', '1/0', '0/1', '1001', '1e3', '25/']) {
    expect(parseRate(text)).toBeNull();
  }
});

test('a frame rate is shown as it was typed', () => {
  for (const text of ['25', '29.97', '12.5', '24000/1002']) {
    expect(rateText(parseRate(text)!)).toBe(text);
  }
});

test('only what is set is named', () => {
  expect(optionsText(AS_FILE)).toBe('');
  expect(optionsText({ ...AS_FILE, video_stream: 0, turn_degrees: 90, mask_damage: true })).toBe(
    'video stream 0, turned 90° clockwise, damaged parts hidden',
  );
});
