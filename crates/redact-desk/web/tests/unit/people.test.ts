import { expect, test } from 'vitest';
import type { FoundTrack, Rect, ReviewTrack } from '../../src/api/types';
import { byPerson, continuations } from '../../src/review/people';

/** A face that goes right by a hundredth a frame, from `x` on. */
function face(
  id: number,
  start: number,
  end: number,
  x: number,
  size = 0.1,
): { track: ReviewTrack; found: FoundTrack } {
  const boxes: number[] = [];
  for (let frame = start; frame < end; frame += 1) {
    const left = x + (frame - start) / 100;
    const rect: Rect = [left, 0.2, left + size, 0.2 + size];
    boxes.push(...rect);
  }
  const count = end - start;
  return {
    track: {
      id,
      class: 'face',
      person: null,
      parts: [{ found: id, start, end }],
      decision: null,
    },
    found: {
      id,
      class: 'face',
      start,
      end,
      boxes,
      scores: Array<number>(count).fill(0.9),
      origins: 'd'.repeat(count),
    },
  };
}

function pairs(faces: ReturnType<typeof face>[]): [from: number, to: number, pause: number][] {
  const found = new Map(faces.map((f) => [f.found.id, f.found]));
  const tracks = faces.map((f) => f.track);
  return continuations(tracks, 'face', found, 30).map((c) => [
    c.from.id,
    c.to.id,
    Math.round(c.pause * 10) / 10,
  ]);
}

// Goal: a suggestion is a track that begins soon after another one ended, near where it ended.
// Controls: too late, too far, another size, at the same time, two names.
test('only what goes on in time and place is suggested', () => {
  const first = face(1, 0, 10, 0.1);
  expect(pairs([first, face(2, 16, 30, 0.22)])).toEqual([[1, 2, 0.2]]);
  expect(pairs([first, face(2, 90, 99, 0.22)])).toEqual([]);
  expect(pairs([first, face(2, 16, 30, 0.6)])).toEqual([]);
  expect(pairs([first, face(2, 16, 30, 0.2, 0.3)])).toEqual([]);
  expect(pairs([first, face(2, 4, 30, 0.2)])).toEqual([]);
  const [ada, ben] = [face(1, 0, 10, 0.1), face(2, 16, 30, 0.22)];
  ada.track.person = 'Ada';
  expect(pairs([ada, ben])).toHaveLength(1);
  ben.track.person = 'Ben';
  expect(pairs([ada, ben])).toEqual([]);
});

test('of several candidates the nearest is suggested, and each once', () => {
  const all = [face(1, 0, 10, 0.1), face(2, 14, 30, 0.28), face(3, 12, 30, 0.2)];
  expect(pairs(all)).toEqual([[1, 3, 0.1]]);
  // A vehicle of the same place is no face.
  const other = face(4, 12, 30, 0.2);
  other.track.class = 'vehicle';
  expect(pairs([face(1, 0, 10, 0.1), other])).toEqual([]);
});

test('people are listed by name, the unnamed last, each in order of time', () => {
  const tracks = [face(1, 40, 50, 0), face(2, 0, 9, 0), face(3, 10, 20, 0)].map((f) => f.track);
  tracks[0]!.person = 'woman in red';
  tracks[1]!.person = 'woman in red';
  expect(byPerson(tracks, 'face').map((g) => [g.name, g.tracks.map((t) => t.id)])).toEqual([
    ['woman in red', [2, 1]],
    [null, [3]],
  ]);
});
