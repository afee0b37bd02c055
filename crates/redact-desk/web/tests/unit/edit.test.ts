import { describe, expect, test } from 'vitest';
import type { Rect, ReviewDocument, ReviewTrack } from '../../src/api/types';
import { boxAt, drawnAt, pathAt, spanOf, tidy } from '../../src/review/boxes';
import * as edit from '../../src/review/edit';
import { DOCUMENT, FOUND, POLICY } from './scene';

const track = (document: ReviewDocument, id: number): ReviewTrack =>
  document.tracks.find((t) => t.id === id)!;
const is =
  (...ids: number[]) =>
  (t: ReviewTrack): boolean =>
    ids.includes(t.id);

/** Every box of some tracks, frame by frame: what an edit may not lose. */
function cover(document: ReviewDocument, ids: number[]): Map<number, Rect> {
  const boxes = new Map<number, Rect>();
  for (const id of ids) {
    const { start, end } = spanOf(track(document, id));
    for (let frame = start; frame < end; frame += 1) {
      boxes.set(frame, boxAt(track(document, id), frame, FOUND)!);
    }
  }
  return boxes;
}

describe('boxes', () => {
  test('between two parts a box moves in a straight line', () => {
    const whole = edit.merge(new Set([1, 2]))(DOCUMENT);
    const box = boxAt(track(whole, 1), 15, FOUND)!;
    // From 0.09 in frame 9 to 0.00 in frame 20.
    expect(box[0]).toBeCloseTo(0.09 - (0.09 * 6) / 11, 9);
  });

  test('where parts overlap the box is their hull', () => {
    const wider = edit.addPath(1, [[5, 0.5, 0.5, 0.6, 0.6]], 5, 6)(DOCUMENT);
    expect(boxAt(track(wider, 1), 5, FOUND)).toEqual([0.05, 0.2, 0.6, 0.6]);
    expect(boxAt(track(wider, 1), 6, FOUND)![2]).toBeCloseTo(0.16, 9);
  });

  test('a path holds before its first row and after its last', () => {
    const path = [[10, 0, 0, 0.1, 0.1] as const, [20, 0.2, 0, 0.3, 0.1] as const];
    const rows = path.map((r) => [...r]) as [number, number, number, number, number][];
    expect(pathAt(rows, 0)![0]).toBe(0);
    expect(pathAt(rows, 15)![0]).toBeCloseTo(0.1, 9);
    expect(pathAt(rows, 99)![0]).toBe(0.2);
  });

  test('a rectangle drawn backwards or over the edge is put right', () => {
    expect(tidy([0.6, 0.7, 0.2, 1.4])).toEqual([0.2, 0.7, 0.6, 1]);
    const [left, , right] = tidy([1, 1, 1, 1]);
    expect(right - left).toBeGreaterThan(0);
  });
});

describe('decisions', () => {
  test('hiding takes effect and reason from the policy', () => {
    const done = edit.decide(POLICY, is(1), 'redact')(DOCUMENT);
    expect(track(done, 1).decision).toEqual({
      verdict: 'redact',
      effect: { kind: 'blur', cells_across: 8 },
      reason: 'privacy-face',
    });
    expect(track(done, 2).decision).toBeNull();
  });

  test('the policy decides only what nobody decided', () => {
    const kept = edit.decide(POLICY, is(1), 'keep')(DOCUMENT);
    const done = edit.decideByPolicy(POLICY, () => true)(kept);
    expect(done.tracks.map((t) => t.decision?.verdict)).toEqual(['keep', 'redact', 'redact']);
  });

  test('hide all but this one keeps the person everywhere and hides everybody else', () => {
    const named = edit.setPerson(new Set([1, 3]), ' the driver ')(DOCUMENT);
    const same = edit.samePerson(track(named, 1));
    const done = edit.hideAllBut(POLICY, same)(named);
    expect(done.tracks.map((t) => t.decision?.verdict)).toEqual(['keep', 'redact', 'keep']);
    expect(track(done, 3).person).toBe('the driver');
  });

  test('tracks without a name are nobody else than themselves', () => {
    const same = edit.samePerson(track(DOCUMENT, 1));
    expect(DOCUMENT.tracks.filter(same).map((t) => t.id)).toEqual([1]);
  });

  test('an effect changes only what is hidden', () => {
    const mixed = edit.decide(
      POLICY,
      is(2),
      'keep',
    )(edit.decide(POLICY, is(1), 'redact')(DOCUMENT));
    const done = edit.setEffect(new Set([1, 2, 3]), { kind: 'fill' })(mixed);
    expect(track(done, 1).decision).toMatchObject({ effect: { kind: 'fill' } });
    expect(track(done, 2)).toBe(track(mixed, 2));
  });

  test('a change that changes nothing gives the same document', () => {
    const done = edit.decide(POLICY, is(1), 'redact')(DOCUMENT);
    expect(edit.decide(POLICY, is(1), 'redact')(done)).toBe(done);
  });
});

describe('tracks over time', () => {
  test('a split loses no box', () => {
    const done = edit.split(1, 4, FOUND)(DOCUMENT);
    expect(done.tracks.map((t) => t.id)).toEqual([1, 2, 3, 4]);
    expect(cover(done, [1, 4])).toEqual(cover(DOCUMENT, [1]));
  });

  test('a split in a gap loses no box either', () => {
    const whole = edit.merge(new Set([1, 2]))(DOCUMENT);
    const done = edit.split(1, 15, FOUND)(whole);
    const [before, after] = [cover(whole, [1]), cover(done, [1, 4])];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [frame, box] of before) {
      box.forEach((side, i) => expect(after.get(frame)![i]).toBeCloseTo(side, 9));
    }
  });

  test('a split outside the track does nothing', () => {
    expect(edit.split(1, 0, FOUND)(DOCUMENT)).toBe(DOCUMENT);
    expect(edit.split(1, 10, FOUND)(DOCUMENT)).toBe(DOCUMENT);
  });

  test('if one of the merged is hidden, all of it is', () => {
    const mixed = edit.decide(
      POLICY,
      is(2),
      'redact',
    )(edit.decide(POLICY, is(1), 'keep')(DOCUMENT));
    expect(track(edit.merge(new Set([1, 2]))(mixed), 1).decision?.verdict).toBe('redact');
  });

  test('a merge with something undecided that hides nothing is undecided', () => {
    const kept = edit.decide(POLICY, is(1), 'keep')(DOCUMENT);
    expect(track(edit.merge(new Set([1, 2]))(kept), 1).decision).toBeNull();
  });

  test('different classes are not merged', () => {
    const plate = {
      ...DOCUMENT,
      tracks: DOCUMENT.tracks.map((t) => (t.id === 2 ? { ...t, class: 'plate' as const } : t)),
    };
    expect(edit.merge(new Set([1, 2]))(plate)).toBe(plate);
    expect(edit.cannotMerge(plate.tracks)).toMatch(/classes/);
  });

  test('a track is trimmed and extended at both ends', () => {
    const early = edit.startAt(2, 15, FOUND)(DOCUMENT);
    expect(spanOf(track(early, 2))).toEqual({ start: 15, end: 30 });
    expect(boxAt(track(early, 2), 15, FOUND)).toEqual(boxAt(track(DOCUMENT, 2), 20, FOUND));
    const late = edit.endAt(2, 35, FOUND)(early);
    expect(boxAt(track(late, 2), 34, FOUND)).toEqual(boxAt(track(DOCUMENT, 2), 29, FOUND));
    const short = edit.endAt(2, 25, FOUND)(edit.startAt(2, 22, FOUND)(late));
    expect(spanOf(track(short, 2))).toEqual({ start: 22, end: 25 });
  });

  test('what a trim takes off is an undecided track, and nothing that was found is dropped', () => {
    const hidden = edit.decide(POLICY, is(2), 'redact')(DOCUMENT);
    const short = edit.endAt(2, 25, FOUND)(edit.startAt(2, 22, FOUND)(hidden));
    const rests = short.tracks.filter((t) => t.id > 3);
    expect(rests.map((t) => [spanOf(t), t.decision])).toEqual([
      [{ start: 20, end: 22 }, null],
      [{ start: 25, end: 30 }, null],
    ]);
    expect(track(short, 2).decision?.verdict).toBe('redact');
    expect(edit.leftOut(short, FOUND)).toEqual([]);
    // The control: what only a person added goes without a trace.
    const late = edit.endAt(2, 35, FOUND)(DOCUMENT);
    expect(edit.endAt(2, 30, FOUND)(late).tracks).toHaveLength(3);
  });

  test('a number stays with what was found under it', () => {
    const late = edit.endAt(2, 40, FOUND)(DOCUMENT);
    const cut = edit.startAt(2, 34, FOUND)(late);
    expect(spanOf(track(cut, 2))).toEqual({ start: 20, end: 30 });
    expect(spanOf(track(cut, 4))).toEqual({ start: 34, end: 40 });
    const merged = edit.merge(new Set([1, 3]))(DOCUMENT);
    const split = edit.split(1, 30, FOUND)(merged);
    expect(split.tracks.map((t) => t.id)).toEqual([1, 2, 4]);
  });

  test('what is in no track is listed, and put back as undecided tracks', () => {
    const [first, second] = [track(DOCUMENT, 1), track(DOCUMENT, 2)];
    const cut = { ...second, parts: [{ found: 2, start: 23, end: 26 }] };
    const old = { ...DOCUMENT, tracks: [first, cut] };
    expect(edit.leftOut(old, FOUND)).toEqual([
      { found: 2, class: 'face', start: 20, end: 23 },
      { found: 2, class: 'face', start: 26, end: 30 },
      { found: 3, class: 'face', start: 40, end: 50 },
    ]);
    const whole = edit.putBack(FOUND)(old);
    expect(edit.leftOut(whole, FOUND)).toEqual([]);
    expect(track(whole, 3).parts).toEqual(track(DOCUMENT, 3).parts);
    expect(edit.putBack(FOUND)(whole)).toBe(whole);
  });

  test('a track never becomes empty', () => {
    expect(edit.startAt(2, 30, FOUND)(DOCUMENT)).toBe(DOCUMENT);
    expect(edit.endAt(2, 20, FOUND)(DOCUMENT)).toBe(DOCUMENT);
  });
});

describe('regions', () => {
  const fill = { effect: { kind: 'fill' as const }, reason: 'privacy-face' };
  const drawn = edit.addDrawn({ ...fill, start: 0, end: 50, keyframes: [[0, 0.1, 0.1, 0.2, 0.2]] })(
    DOCUMENT,
  );

  test('keyframes stay in order, and a second one in a frame takes the place of the first', () => {
    let next = edit.setKeyframe('region-1', 40, [0.5, 0.5, 0.6, 0.6])(drawn);
    next = edit.setKeyframe('region-1', 20, [0.3, 0.3, 0.4, 0.4])(next);
    next = edit.setKeyframe('region-1', 20, [0.2, 0.3, 0.4, 0.4])(next);
    expect(next.drawn[0]!.keyframes.map((k) => k[0])).toEqual([0, 20, 40]);
    expect(drawnAt(next.drawn[0]!, 10)![0]).toBeCloseTo(0.15, 9);
    expect(drawnAt(next.drawn[0]!, 50)).toBeNull();
  });

  test('the last keyframe cannot be removed, nor the end put before the start', () => {
    expect(edit.removeKeyframe('region-1', 0)(drawn).drawn).toEqual(drawn.drawn);
    expect(edit.changeDrawn('region-1', { end: 0 })(drawn).drawn).toEqual(drawn.drawn);
  });

  test('names are free ones', () => {
    expect(edit.freeId('region', drawn.drawn)).toBe('region-2');
  });
});

describe('sound', () => {
  test('all speech is muted with a margin, and what is muted already is left', () => {
    const first = edit.muteSpeech(POLICY, [[1, 2]])(DOCUMENT);
    expect(first.mutes[0]).toMatchObject({ start_seconds: 0.75, end_seconds: 2.25, style: 'tone' });
    const second = edit.muteSpeech(POLICY, [
      [1, 2],
      [5, 6],
    ])(first);
    expect(second.mutes).toHaveLength(2);
  });

  test('a mute on one sound track does not count as muted', () => {
    const one = edit.addMute({
      start_seconds: 0,
      end_seconds: 9,
      sound_tracks: [0],
      style: 'silence',
      reason: 'r',
    })(DOCUMENT);
    expect(edit.mutedAll(one.mutes, 1, 2)).toBe(false);
    const all = edit.changeMute('mute-1', { sound_tracks: 'all' })(one);
    expect(edit.mutedAll(all.mutes, 1, 2)).toBe(true);
  });

  test('two mutes that touch cover what lies across both', () => {
    const mute = (start: number, end: number): edit.Edit =>
      edit.addMute({
        start_seconds: start,
        end_seconds: end,
        sound_tracks: 'all',
        style: 'silence',
        reason: 'r',
      });
    const both = mute(2, 3)(mute(1, 2)(DOCUMENT));
    expect(edit.mutedAll(both.mutes, 1.5, 2.5)).toBe(true);
    expect(edit.mutedAll(both.mutes, 1.5, 3.5)).toBe(false);
  });

  test('a mute cannot be turned inside out', () => {
    const one = edit.addMute({
      start_seconds: 1,
      end_seconds: 2,
      sound_tracks: 'all',
      style: 'silence',
      reason: 'r',
    })(DOCUMENT);
    expect(edit.changeMute('mute-1', { start_seconds: 3 })(one).mutes).toEqual(one.mutes);
  });
});

test('the same content is recognised whoever decided it, and another is not', () => {
  const mine = edit.decide(POLICY, is(1), 'keep')(DOCUMENT);
  const theirs = structuredClone(mine);
  theirs.tracks[0]!.decision!.by = 'Ada';
  expect(edit.sameContent(mine, theirs)).toBe(true);
  theirs.tracks[0]!.decision!.reason = 'other';
  expect(edit.sameContent(mine, theirs)).toBe(false);
});

describe('rejecting', () => {
  test('a rejected track has a reason of its own, and hiding it again takes the policy’s', () => {
    const rejected = edit.decide(POLICY, is(1), 'reject')(DOCUMENT);
    expect(track(rejected, 1).decision).toEqual({
      verdict: 'reject',
      reason: edit.NOTHING_TO_WITHHOLD,
    });
    expect(track(rejected, 1).parts).toEqual(track(DOCUMENT, 1).parts);
    const hidden = edit.decide(POLICY, is(1), 'redact')(rejected);
    expect(track(hidden, 1).decision?.verdict).toBe('redact');
    expect(track(hidden, 1).decision?.reason).not.toBe(edit.NOTHING_TO_WITHHOLD);
  });

  test('what is merged with something hidden is hidden', () => {
    const mixed = edit.decide(
      POLICY,
      is(2),
      'redact',
    )(edit.decide(POLICY, is(1), 'reject')(DOCUMENT));
    const whole = edit.merge(new Set([1, 2]))(mixed);
    expect(track(whole, 1).decision?.verdict).toBe('redact');
  });
});
