import { describe, expect, test } from 'vitest';
import type { Rect, ReviewDocument, ReviewTrack } from '../../src/api/types';
import { bareAt, boxAt, spanOf } from '../../src/review/boxes';
import * as edit from '../../src/review/edit';
import { DOCUMENT, FOUND } from './scene';

const track = (document: ReviewDocument, id: number): ReviewTrack =>
  document.tracks.find((t) => t.id === id)!;
const holds = (outer: Rect, inner: Rect): boolean =>
  outer[0] <= inner[0] + 1e-9 &&
  outer[1] <= inner[1] + 1e-9 &&
  outer[2] >= inner[2] - 1e-9 &&
  outer[3] >= inner[3] - 1e-9;

/** Every box of a document, by track and frame. */
function* boxes(document: ReviewDocument): Generator<[number, number, Rect]> {
  for (const t of document.tracks) {
    const { start, end } = spanOf(t);
    for (let frame = start; frame < end; frame += 1) yield [t.id, frame, boxAt(t, frame, FOUND)!];
  }
}

describe('a found box that a person made larger', () => {
  test('is as large as was wanted, in that frame and, in its own measure, in the others', () => {
    const done = edit.reshape(1, 4, [0.02, 0.1, 0.2, 0.4], FOUND)(DOCUMENT);
    // Found in frame 4: [0.04, 0.2, 0.14, 0.4].
    const here = boxAt(track(done, 1), 4, FOUND)!;
    [0.02, 0.1, 0.2, 0.4].forEach((side, i) => expect(here[i]).toBeCloseTo(side, 3));
    const later = boxAt(track(done, 1), 8, FOUND)!;
    [0.06, 0.1, 0.24, 0.4].forEach((side, i) => expect(later[i]).toBeCloseTo(side, 3));
  });

  test('changes evenly between two corrections', () => {
    let done = edit.reshape(1, 2, [0.02, 0.2, 0.12, 0.6], FOUND)(DOCUMENT);
    done = edit.reshape(1, 8, bareAt(track(done, 1), 8, FOUND)!, FOUND)(done);
    expect(track(done, 1).margins).toHaveLength(2);
    expect(boxAt(track(done, 1), 5, FOUND)![3]).toBeCloseTo(0.5, 3);
    expect(boxAt(track(done, 1), 9, FOUND)).toEqual(bareAt(track(done, 1), 9, FOUND));
  });

  test('never gets smaller than what was found, however it is pulled', () => {
    const wanted: Rect[] = [
      [0.1, 0.25, 0.11, 0.3],
      [0.5, 0.5, 0.6, 0.6],
      [0, 0, 0.01, 0.01],
      [0, 0.3, 1, 0.31],
    ];
    for (const rect of wanted) {
      for (const frame of [0, 5, 9]) {
        const done = edit.reshape(1, frame, rect, FOUND)(DOCUMENT);
        for (const [id, at, box] of boxes(done)) {
          expect(holds(box, bareAt(track(DOCUMENT, id), at, FOUND)!)).toBe(true);
        }
        expect(holds(boxAt(track(done, 1), frame, FOUND)!, rect)).toBe(true);
      }
    }
    expect(edit.reshape(1, 3, [0.05, 0.25, 0.06, 0.3], FOUND)(DOCUMENT).tracks[0]).toEqual(
      DOCUMENT.tracks[0],
    );
  });

  test('loses nothing when its track is split, trimmed, extended or merged', () => {
    let wide = edit.reshape(1, 3, [0, 0, 0.2, 0.5], FOUND)(DOCUMENT);
    wide = edit.reshape(2, 25, [0, 0.2, 0.9, 0.4], FOUND)(wide);
    const acts: edit.Edit[] = [
      edit.split(1, 5, FOUND),
      edit.endAt(1, 7, FOUND),
      edit.startAt(1, 2, FOUND),
      edit.merge(new Set([1, 2])),
      edit.merge(new Set([1, 2, 3])),
    ];
    for (const act of acts) {
      const done = act(wide);
      for (const [id, frame, box] of boxes(wide)) {
        const there = done.tracks
          .map((t) => boxAt(t, frame, FOUND))
          .filter((b): b is Rect => b !== null);
        // What a person added and trimmed away is gone on purpose; what was found is not.
        if (there.length === 0 && id > 2) continue;
        if (id <= 2) expect(there.some((b) => holds(b, box))).toBe(true);
      }
    }
    const longer = edit.endAt(1, 14, FOUND)(wide);
    expect(boxAt(track(longer, 1), 12, FOUND)).toEqual(boxAt(track(longer, 1), 9, FOUND));
  });

  test('goes back to what was found, in one frame or everywhere', () => {
    let wide = edit.reshape(1, 3, [0, 0, 0.2, 0.5], FOUND)(DOCUMENT);
    wide = edit.reshape(1, 6, [0, 0, 0.3, 0.5], FOUND)(wide);
    expect(track(edit.removeMargins(1, 3)(wide), 1).margins).toHaveLength(1);
    expect(edit.removeMargins(1)(wide)).toEqual(DOCUMENT);
    expect(edit.removeMargins(2)(wide)).toBe(wide);
  });
});
