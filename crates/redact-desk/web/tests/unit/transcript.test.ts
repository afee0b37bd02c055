import { describe, expect, test } from 'vitest';
import type { Transcript, Voice } from '../../src/api/types';
import { layOut, nextLine, sameColumn } from '../../src/review/lines';
import {
  corrections,
  itemsOf,
  joinSpans,
  normalizedWords,
  occurrences,
  read,
  speechLanes,
  tokenAt,
  wordIndex,
} from '../../src/review/transcript';

/** One word per second, each 0.8 s long. */
function voice(text: string, start: number, more: Partial<Voice> = {}): Voice {
  const words = text
    .split(' ')
    .map((word, i): [number, number, number, string] => [start + i, start + i + 0.8, 0.9, word]);
  return { sound_tracks: [0], words, unclear: [], personal: [], ...more };
}
const transcript = (...voices: Voice[]): Transcript => ({ language: 'en', voices });
const textsOf = (made: Transcript): string[] => read(made).tokens.map((t) => t.text);

describe('reading order', () => {
  test('voices alternate by paragraphs, and a pause begins a new one', () => {
    const first = voice('one two', 0);
    first.words.push([5, 5.5, 0.9, 'three']);
    const made = read(transcript(first, voice('other', 3, { sound_tracks: [1] })));
    expect(made.tokens.map((t) => t.text)).toEqual(['one', 'two', 'other', 'three']);
    expect(made.paragraphs).toEqual([
      { voice: 0, from: 0, to: 2 },
      { voice: 1, from: 2, to: 3 },
      { voice: 0, from: 3, to: 4 },
    ]);
    expect([...made.words[0]!]).toEqual([0, 1, 3]);
  });

  test('a mark stands before the words that it is about', () => {
    const unclear = [{ start_seconds: 1, end_seconds: 2.5, cause: 'doubtful' as const }];
    expect(textsOf(transcript(voice('a b c d', 0, { unclear })))).toEqual([
      'a',
      '[not understood: words unsure]',
      'b',
      'c',
      'd',
    ]);
  });

  test('a long stretch that was not understood does not hide a pause', () => {
    const unclear = [{ start_seconds: 1, end_seconds: 9, cause: 'no-words' as const }];
    const said = voice('a', 0, { unclear });
    said.words.push([8, 8.5, 0.9, 'b']);
    expect(read(transcript(said)).paragraphs).toHaveLength(2);
  });

  test('paragraphs are short enough to read', () => {
    const made = read(transcript(voice(Array(200).fill('word').join(' '), 0)));
    expect(made.paragraphs.map((p) => p.to - p.from)).toEqual([80, 80, 40]);
    const sentences = read(transcript(voice(Array(100).fill('a b c d.').join(' '), 0)));
    expect(sentences.paragraphs[0]!.to).toBe(40);
  });
});

test('the word being said is the latest that began, for a moment after its end', () => {
  const made = read(transcript(voice('a b', 0), voice('c', 0.5, { sound_tracks: [1] })));
  const at = (seconds: number): string | null => {
    const place = tokenAt(made, seconds);
    return place === null ? null : made.tokens[place]!.text;
  };
  expect(at(-1)).toBeNull();
  expect(at(0.4)).toBe('a');
  expect(at(0.7)).toBe('c');
  expect(at(1)).toBe('b');
  expect(at(2.1)).toBe('b');
  expect(at(2.3)).toBeNull();
});

test('what was not understood comes first, then classes, each by time', () => {
  const item = (of: 'person-name' | 'phone-number', first: number, count = 1) => ({
    class: of,
    first,
    count,
    start_seconds: first,
    end_seconds: first + count - 0.2,
  });
  const made = transcript(
    voice('a b c d e', 0, {
      unclear: [{ start_seconds: 2.9, end_seconds: 4.5, cause: 'repeated' }],
      personal: [item('phone-number', 0), item('person-name', 1, 2)],
    }),
    voice('f', 1, {
      sound_tracks: [1],
      personal: [{ ...item('person-name', 0), start_seconds: 1 }],
    }),
  );
  const reading = read(made);
  const items = itemsOf(made, reading);
  expect(items.map((i) => i.key)).toEqual(['u0-0', 'p0-1', 'p1-0', 'p0-0']);
  const words = items.map((i) =>
    reading.tokens
      .slice(i.from, i.to)
      .filter((t) => t.kind === 'word')
      .map((t) => t.text)
      .join(' '),
  );
  expect(words).toEqual(['d e', 'b c', 'f', 'a']);
});

describe('finding words', () => {
  const made = read(
    transcript(voice("Jordan, said Jordan's friend; JORDAN Smith-Lee said twenty one.", 0)),
  );
  const known = corrections(made, [{ voice: 0, word: 6, text: 'set again' }]);
  const index = wordIndex(made, (place) => known.get(place) ?? made.tokens[place]!.text);
  const places = (query: string, prefix = false): number[][] =>
    occurrences(index, normalizedWords(query), prefix);

  test('case, punctuation and a possessive are ignored', () => {
    expect(places('jordan')).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(places('Jordan smithlee')).toEqual([[4, 6]]);
    expect(places('jord')).toEqual([]);
  });

  test('a search finds the beginning of its last word', () => {
    expect(places('jordan sm', true)).toEqual([[4, 6]]);
    expect(places('jor sm', true)).toEqual([]);
    expect(places('', true)).toEqual([]);
  });

  test('corrected words are found as corrected, all of their words', () => {
    expect(places('said')).toEqual([[1, 2]]);
    expect(places('set again twenty')).toEqual([[6, 8]]);
    expect(places('again')).toEqual([[6, 7]]);
  });

  test('words of two voices are never in a row', () => {
    const two = read(transcript(voice('Jordan', 0), voice('Smith', 1, { sound_tracks: [1] })));
    const both = wordIndex(two, (place) => two.tokens[place]!.text);
    expect(occurrences(both, ['jordan', 'smith'])).toEqual([]);
  });
});

describe('lines', () => {
  const made = read(transcript(voice('aa bb cc dddddddddddd e', 0)));
  const layout = layOut(
    made,
    (place) => made.tokens[place]!.text,
    8,
    (text) => text.length,
    1,
  );

  test('hold as many words as fit; a longer word has one of its own', () => {
    const words = layout.lines.map((line) =>
      made.tokens.slice(line.from, line.to).map((t) => t.text),
    );
    expect(words).toEqual([[], ['aa', 'bb', 'cc'], ['dddddddddddd'], ['e']]);
    expect([...layout.lineOf]).toEqual([1, 1, 1, 2, 3]);
  });

  test('up and down stay in the column and stop at the ends', () => {
    expect(nextLine(layout, 0, -1)).toBeNull();
    const down = nextLine(layout, 2, 1)!;
    expect(sameColumn(layout, 2, down)).toBe(3);
    expect(nextLine(layout, 4, 9)!.from).toBe(4);
    expect(sameColumn(layout, 4, layout.lines[1]!)).toBe(0);
  });

  test('40,000 words are laid out in a moment', () => {
    const long = read(transcript(voice(Array(40_000).fill('word').join(' '), 0)));
    const start = performance.now();
    const lines = layOut(
      long,
      () => 'word',
      300,
      (text) => text.length * 7,
      4,
    ).lines.length;
    expect(lines).toBeGreaterThan(3000);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test('speech lanes belong to their sound tracks', () => {
  const unclear = [{ start_seconds: 4, end_seconds: 5, cause: 'doubtful' as const }];
  const made = transcript(
    voice('a b', 0, { sound_tracks: [0, 2], unclear }),
    voice('c', 7, { sound_tracks: [1] }),
  );
  const lanes = speechLanes(made, 3);
  expect(lanes.map((lane) => lane.speech)).toEqual([
    [
      [0, 1.8],
      [4, 5],
    ],
    [[7, 7.8]],
    [
      [0, 1.8],
      [4, 5],
    ],
  ]);
  expect(lanes.map((lane) => lane.unclear.length)).toEqual([1, 0, 1]);
});

test('spans that touch are one', () => {
  expect(
    joinSpans(
      [
        [3, 4],
        [0, 1],
        [1, 2],
      ],
      0,
    ),
  ).toEqual([
    [0, 2],
    [3, 4],
  ]);
});
