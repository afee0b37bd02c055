import { expect, test } from 'vitest';
import type { FoundTrack, Rect, ReviewDocument } from '../../src/api/types';
import { coveredBy } from '../../src/review/covered';
import { decide } from '../../src/review/edit';
import { maskNames } from '../../src/lib/format';
import { DOCUMENT, POLICY } from './scene';

/** A face that stays at `x` in frames 0 to 4. */
function still(id: number, x: number): FoundTrack {
  const rect: Rect = [x, 0.2, x + 0.1, 0.4];
  const five = [0, 1, 2, 3, 4];
  return {
    id,
    class: 'face',
    start: 0,
    end: 5,
    boxes: five.flatMap(() => rect),
    scores: five.map(() => 0.9),
    origins: 'ddddd',
  };
}

const document: ReviewDocument = {
  ...DOCUMENT,
  tracks: [1, 2].map((id) => ({
    id,
    class: 'face',
    person: null,
    parts: [{ found: id, start: 0, end: 5 }],
    decision: null,
  })),
};
const found = (x: number): Map<number, FoundTrack> =>
  new Map([
    [1, still(1, 0.3)],
    [2, still(2, x)],
  ]);
const keep = decide(POLICY, (t) => t.id === 1, 'keep');
const hide = decide(POLICY, (t) => t.id === 2, 'redact');
const decided = hide(keep(document));

// Goal: the page warns where the server does; the same figures as in covered.rs.
test('a kept face under another mask is reported with the frames and the mask', () => {
  expect(coveredBy(decided, decided.tracks[0]!, found(0.35))).toEqual({
    frames: 5,
    worst: 0,
    share: 0.5,
    masks: ['face-2'],
  });
  // Control: only the margins overlap.
  expect(coveredBy(decided, decided.tracks[0]!, found(0.385))).toBeNull();
});

test('only a kept face is reported, and only what is hidden covers it', () => {
  expect(coveredBy(decided, decided.tracks[1]!, found(0.3))).toBeNull();
  const undecided = keep(document);
  expect(coveredBy(undecided, undecided.tracks[0]!, found(0.3))).toBeNull();
  const drawn = {
    ...undecided,
    drawn: [
      {
        id: 'region-1',
        effect: { kind: 'fill' as const },
        reason: 'privacy-face',
        start: 3,
        end: 9,
        keyframes: [[3, 0, 0, 1, 1] as [number, number, number, number, number]],
      },
    ],
  };
  expect(coveredBy(drawn, drawn.tracks[0]!, found(0.9))).toEqual({
    frames: 2,
    worst: 3,
    share: 1,
    masks: ['region-1'],
  });
});

test('masks are named as the page names tracks', () => {
  expect(maskNames(['face-2'])).toBe('Face 2');
  expect(maskNames(['face-2', 'vehicle-14', 'region-1'])).toBe('Face 2, Vehicle 14, region-1');
  expect(maskNames(['face-1', 'face-2', 'face-3', 'face-4'])).toBe('Face 1, Face 2 and 2 others');
});
