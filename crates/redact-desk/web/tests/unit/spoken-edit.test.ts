import { describe, expect, test } from 'vitest';
import type { Mute, Policy, ReviewDocument, Transcript } from '../../src/api/types';
import {
  aroundWords,
  checkItem,
  correctWord,
  coverOf,
  heard,
  keepItem,
  keepSpans,
  muteItem,
  muteSpans,
  outsideOf,
  reasonFor,
  unmuteSpans,
} from '../../src/review/spoken-edit';
import { type Item, itemsOf, read } from '../../src/review/transcript';
import { DOCUMENT, POLICY } from './scene';

const policy: Policy = {
  ...POLICY,
  audio: {
    ...POLICY.audio,
    mute: 'personal',
    personal: [{ class: 'person-name', reason: 'privacy-name' }],
  },
};
const mute = (
  start_seconds: number,
  end_seconds: number,
  sound_tracks: Mute['sound_tracks'] = 'all',
): Mute => ({
  id: `speech-${start_seconds}`,
  start_seconds,
  end_seconds,
  sound_tracks,
  style: 'silence',
  reason: 'privacy-speech',
});
const withMutes = (...mutes: Mute[]): ReviewDocument => ({ ...DOCUMENT, mutes });
const times = (document: ReviewDocument): number[][] =>
  document.mutes.map((m) => [m.start_seconds, m.end_seconds]);

const said: Transcript = {
  language: 'en',
  voices: [
    {
      sound_tracks: [0],
      words: [
        [1, 1.4, 0.9, 'Jordan'],
        [1.5, 1.9, 0.9, '555'],
        [5, 5.4, 0.9, 'there'],
      ],
      unclear: [{ start_seconds: 5, end_seconds: 6, cause: 'doubtful' }],
      personal: [
        { class: 'person-name', first: 0, count: 1, start_seconds: 1, end_seconds: 1.4 },
        { class: 'phone-number', first: 1, count: 1, start_seconds: 1.5, end_seconds: 1.9 },
      ],
    },
  ],
};
const [unclear, name, phone] = itemsOf(said, read(said)) as [Item, Item, Item];

describe('what is heard', () => {
  test('a mute of all tracks silences; of one track of two, partly', () => {
    const all = coverOf([mute(1, 2), mute(2, 3)], [0, 1]);
    expect(heard(all, 1, 3)).toBe('muted');
    expect(heard(all, 2.9, 3.1)).toBe('partly');
    expect(heard(all, 3, 4)).toBe('audible');
    const one = coverOf([mute(1, 2, [0])], [0, 1]);
    expect(heard(one, 1.2, 1.5)).toBe('partly');
    // The control: to a voice on that track alone it is silence.
    expect(heard(coverOf([mute(1, 2, [0])], [0]), 1.2, 1.5)).toBe('muted');
    expect(heard(coverOf([mute(1, 2, [0])], [1]), 1.2, 1.5)).toBe('audible');
  });

  test('different mutes on each track silence what they share', () => {
    const cover = coverOf([mute(1, 3, [0]), mute(2, 4, [1])], [0, 1]);
    expect(heard(cover, 2, 3)).toBe('muted');
    expect(heard(cover, 1, 2)).toBe('partly');
  });
});

describe('muting', () => {
  test('is rounded outward and leaves out what is muted', () => {
    const made = muteSpans(policy, [[0.12345, 0.98765]], 'why')(withMutes());
    expect(times(made)).toEqual([[0.123, 0.988]]);
    expect(made.mutes[0]!.reason).toBe('why');
    expect(muteSpans(policy, [[0.2, 0.9]], 'why')(made)).toBe(made);
  });

  test('a mute of one track does not count as muted', () => {
    expect(muteSpans(policy, [[1, 2]], 'why')(withMutes(mute(0, 9, [0]))).mutes).toHaveLength(2);
  });

  test('words are padded by what their times may be off, or more by the policy', () => {
    expect(aroundWords(policy, [1, 2])).toEqual([0.75, 2.25]);
    const none = { ...policy, audio: { ...policy.audio, padding_seconds: 0 } };
    expect(aroundWords(none, [1, 2])).toEqual([0.85, 2.15]);
  });

  test('each class has its reason; others have that of the sound', () => {
    expect(reasonFor(policy, name)).toBe('privacy-name');
    expect(reasonFor(policy, phone)).toBe('privacy-speech');
    expect(reasonFor(policy, unclear)).toBe('privacy-speech');
    expect(reasonFor(policy, null)).toBe('privacy-speech');
  });
});

describe('unmuting', () => {
  test('cuts a mute in two that keep tracks and reason', () => {
    const made = unmuteSpans([[2, 3]])(withMutes(mute(1, 5, [1])));
    expect(times(made)).toEqual([
      [1, 2],
      [3, 5],
    ]);
    expect(new Set(made.mutes.map((m) => m.id)).size).toBe(2);
    expect(made.mutes.every((m) => m.reason === 'privacy-speech')).toBe(true);
    expect(made.mutes.map((m) => m.sound_tracks)).toEqual([[1], [1]]);
  });

  test('rounds what stays muted outward', () => {
    const made = unmuteSpans([[2.0004, 2.9996]])(withMutes(mute(1, 5)));
    expect(times(made)).toEqual([
      [1, 2.001],
      [2.999, 5],
    ]);
  });

  test('changes nothing where nothing is muted', () => {
    const document = withMutes(mute(1, 2));
    expect(unmuteSpans([[2, 3]])(document)).toBe(document);
  });

  test('takes a reason down', () => {
    const made = keepSpans([[1, 2]], 'consent')(withMutes(mute(0, 3)));
    expect(made.kept_speech).toEqual([{ start_nanos: 1e9, end_nanos: 2e9, reason: 'consent' }]);
  });
});

describe('proposals', () => {
  test('an accepted one is muted with its padding, and checked', () => {
    const kept = keepItem(policy, name, [], 'consent')(withMutes(mute(0, 3)));
    const made = muteItem(policy, name, 'privacy-name')(kept);
    expect(heard(coverOf(made.mutes, [0]), 0.75, 1.65)).toBe('muted');
    expect(made.kept_speech).toEqual([]);
    expect(made.checked_items).toEqual([{ voice: 0, kind: 'personal', item: 0, muted: true }]);
  });

  test('a rejected one is audible, except where another needs its padding', () => {
    const made = keepItem(policy, name, [phone], 'consent')(withMutes(mute(0, 3)));
    expect(times(made)).toEqual([
      [0, 0.75],
      [1.25, 3],
    ]);
    expect(made.kept_speech).toEqual([
      { start_nanos: 0.75e9, end_nanos: 1.25e9, reason: 'consent' },
    ]);
    expect(made.checked_items![0]!.muted).toBe(false);
    // The control: alone, all of it is audible.
    const alone = keepItem(policy, name, [], 'consent')(withMutes(mute(0, 3)));
    expect(times(alone)).toEqual([
      [0, 0.75],
      [1.65, 3],
    ]);
  });

  test('what others need is left out', () => {
    expect(outsideOf(policy, [[0, 3]], [name])).toEqual([
      [0, 0.75],
      [1.65, 3],
    ]);
  });

  test('checks are in the order that the server expects, and can be taken back', () => {
    const checks = [phone, name, unclear].reduce(
      (document, item) => checkItem(item, true)(document),
      DOCUMENT,
    );
    expect(checks.checked_items!.map((c) => [c.kind, c.item])).toEqual([
      ['unclear', 0],
      ['personal', 0],
      ['personal', 1],
    ]);
    expect(checkItem(name, true)(checks)).toBe(checks);
    expect(checkItem(name, null)(checks).checked_items).toHaveLength(2);
    expect(checkItem(name, null)(DOCUMENT)).toBe(DOCUMENT);
  });
});

describe('corrected words', () => {
  test('are in order, and the recognized text takes a correction back', () => {
    const first = correctWord(0, 2, 'here', 'there')(DOCUMENT);
    const second = correctWord(0, 0, 'Jourdain', 'Jordan')(first);
    expect(second.words).toEqual([
      { voice: 0, word: 0, text: 'Jourdain' },
      { voice: 0, word: 2, text: 'here' },
    ]);
    expect(correctWord(0, 0, 'Jordan', 'Jordan')(second).words).toHaveLength(1);
  });

  test('stay as they are without a change, or when the text is empty', () => {
    const made = correctWord(0, 2, 'here', 'there')(DOCUMENT);
    expect(correctWord(0, 2, 'here', 'there')(made)).toBe(made);
    expect(correctWord(0, 2, '', 'there')(made)).toBe(made);
    expect(correctWord(0, 0, 'Jordan', 'Jordan')(DOCUMENT)).toBe(DOCUMENT);
  });
});
