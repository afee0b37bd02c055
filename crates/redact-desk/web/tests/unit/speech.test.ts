import { describe, expect, test } from 'vitest';
import type { KeptSpeech, Mute, PolicyMute } from '../../src/api/types';
import { gaps, keepSpeech, secondsAround, speechOf, undecideSpeech } from '../../src/review/speech';
import { DOCUMENT } from './scene';

const S = 1e9;
const mute = (start: number, end: number, tracks: Mute['sound_tracks'] = 'all'): Mute => ({
  id: `mute-${start}`,
  start_seconds: start,
  end_seconds: end,
  sound_tracks: tracks,
  style: 'silence',
  reason: 'privacy-speech',
});
const kept = (start: number, end: number): KeptSpeech => ({
  start_nanos: start * S,
  end_nanos: end * S,
  reason: 'public-duty',
});
const POLICY: PolicyMute[] = [{ start_nanos: 1 * S, end_nanos: 3 * S, reason: 'privacy-speech' }];

describe('speech that the policy mutes', () => {
  test('is muted when mutes cover it on every sound track', () => {
    expect(speechOf(POLICY, [mute(1, 2), mute(2, 3)], 2, [])[0]!.audible).toEqual([]);
    // The control: on one track of two it can be heard.
    const [one] = speechOf(POLICY, [mute(1, 3, [0])], 2, []);
    expect(one!.audible).toEqual([[1 * S, 3 * S]]);
    expect(one!.undecided).toEqual([[1 * S, 3 * S]]);
  });

  test('is undecided where it can be heard and nobody decided', () => {
    const [one] = speechOf(POLICY, [mute(1, 1.5)], 1, [kept(1.5, 2)]);
    expect(one!.audible).toEqual([[1.5 * S, 3 * S]]);
    expect(one!.undecided).toEqual([[2 * S, 3 * S]]);
    expect(one!.kept).toHaveLength(1);
  });

  test('of a recording without sound there is none', () => {
    expect(speechOf(POLICY, [], 0, [])[0]!.audible).toEqual([]);
  });
});

test('a decision takes the place of what was decided about the same time', () => {
  const first = keepSpeech([[1 * S, 3 * S]], 'public-duty')(DOCUMENT);
  const second = keepSpeech([[2 * S, 3 * S]], 'consent')(first);
  expect(second.kept_speech).toEqual([
    { start_nanos: 1 * S, end_nanos: 2 * S, reason: 'public-duty' },
    { start_nanos: 2 * S, end_nanos: 3 * S, reason: 'consent' },
  ]);
  const none = undecideSpeech([[0, 9 * S]])(second);
  expect(none.kept_speech).toEqual([]);
  expect(undecideSpeech([[0, 9 * S]])(none)).toBe(none);
});

test('gaps are what is outside, and mutes are rounded outward', () => {
  expect(gaps([[0, 10]], [])).toEqual([[0, 10]]);
  expect(
    gaps(
      [[0, 10]],
      [
        [8, 20],
        [-5, 1],
        [3, 4],
      ],
    ),
  ).toEqual([
    [1, 3],
    [4, 8],
  ]);
  expect(secondsAround([1_234_567_890, 2_000_000_001])).toEqual([1.234, 2.001]);
});
