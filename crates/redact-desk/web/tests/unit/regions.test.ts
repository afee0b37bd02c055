import { expect, test } from 'vitest';
import type { Drawn, Followed, KeyRow, Rect } from '../../src/api/types';
import { pathAt } from '../../src/review/boxes';
import { changedTracks, setClassEffect } from '../../src/review/edit';
import {
  checkedGap,
  followed,
  gapsOf,
  hideOutside,
  keyframeNear,
  nameRegion,
  regionName,
  thinned,
} from '../../src/review/regions';
import { readPlace } from '../../src/review/place';
import { DOCUMENT, POLICY } from './scene';

const REGION: Drawn = {
  id: 'region-1',
  effect: { kind: 'fill' },
  reason: 'privacy-face',
  start: 10,
  end: 110,
  keyframes: [[10, 0.4, 0.4, 0.5, 0.6]],
};
const withRegion = { ...DOCUMENT, drawn: [REGION] };

/** An object that goes along a curve, shakes a little, and touches the edge of the picture. */
const path = (from: number, to: number): KeyRow[] =>
  Array.from({ length: to - from }, (_, i): KeyRow => {
    const x = Math.max(0, 0.195 + 0.2 * Math.sin(i / 20) + 0.0005 * Math.sin(i * 7));
    return [from + i, x, 0.3 + i / 1000, x + 0.1, 0.5 + i / 1000];
  });

// Goal: fewer keyframes, and in no frame anything less is hidden than what was followed.
test('a followed path is thinned, and hides at least what was followed', () => {
  const all = path(10, 110);
  const few = thinned(all);
  expect(few.length).toBeLessThan(all.length / 4);
  for (const [frame, ...rect] of all) {
    const shown = pathAt(few, frame)!;
    expect(shown[0]).toBeLessThanOrEqual(rect[0]);
    expect(shown[1]).toBeLessThanOrEqual(rect[1]);
    expect(shown[2]).toBeGreaterThanOrEqual(rect[2]);
    expect(shown[3]).toBeGreaterThanOrEqual(rect[3]);
    expect(rect[0] - shown[0]).toBeLessThan(0.006);
  }
});

const result = (start: number, end: number, back: 'end' | 'lost', forward: 'end' | 'lost') =>
  ({ start, end, path: path(start, end), stopped: { back, forward } }) satisfies Followed;

test('a region ends where following lost its object, and the rest is to be checked', () => {
  const after = followed(REGION, result(10, 40, 'end', 'lost'))(withRegion);
  const [region] = after.drawn;
  expect([region!.start, region!.end]).toEqual([10, 40]);
  expect(region!.lost).toEqual([[40, 110]]);
  expect(gapsOf(after.drawn)).toMatchObject([{ start: 40, end: 110 }]);
  // Control: what is followed to its end loses nothing, and what is found again is not lost.
  expect(followed(REGION, result(10, 40, 'end', 'end'))(withRegion).drawn[0]!.lost).toEqual([]);
  const again = followed(region!, result(30, 90, 'end', 'lost'))(after);
  expect(again.drawn[0]).toMatchObject({ start: 10, end: 90, lost: [[90, 110]] });
  expect(checkedGap(region!, 40)(after).drawn[0]!.lost).toEqual([]);
});

// Goal: everything except the region is hidden, in every frame of it.
test('what is around a region is hidden instead of it', () => {
  const moving: Drawn = { ...REGION, keyframes: [...REGION.keyframes, [60, 0, 0.2, 0.3, 0.7]] };
  const { drawn } = hideOutside(moving)({ ...DOCUMENT, drawn: [moving] });
  expect(new Set(drawn.map((d) => d.id)).size).toBe(4);
  for (let frame = moving.start; frame < moving.end; frame += 7) {
    const hidden = (x: number, y: number): boolean =>
      drawn.some((d) => {
        const [left, top, right, bottom] = pathAt(d.keyframes, frame)!;
        return x >= left && x <= right && y >= top && y <= bottom;
      });
    const open = pathAt(moving.keyframes, frame)!;
    const inside = (x: number, y: number, [l, t, r, b]: Rect): boolean =>
      x > l && x < r && y > t && y < b;
    for (let x = 0.01; x < 1; x += 0.03)
      for (let y = 0.01; y < 1; y += 0.03)
        if (!inside(x, y, open)) expect(hidden(x, y), `${frame}: ${x}, ${y}`).toBe(true);
    const [middleX, middleY] = [(open[0] + open[2]) / 2, (open[1] + open[3]) / 2];
    expect(hidden(middleX, middleY)).toBe(false);
  }
  const whole: Drawn = { ...REGION, keyframes: [[10, 0, 0, 1, 0.5]] };
  const below = hideOutside(whole)({ ...DOCUMENT, drawn: [whole] }).drawn;
  expect(below.map((d) => d.name)).toEqual(['below Region 1']);
});

test('a region has a name of its own', () => {
  const named = nameRegion('region-1', '  door number ')(withRegion);
  expect(regionName(named.drawn[0]!)).toBe('door number');
  expect(nameRegion('region-1', ' ')(named).drawn[0]!.name).toBeUndefined();
  expect(regionName(REGION)).toBe('Region 1');
});

test('keyframes are found before and after a frame', () => {
  const rows: KeyRow[] = [5, 10, 20].map((frame) => [frame, 0, 0, 1, 1]);
  expect(keyframeNear(rows, 10, 1)).toBe(20);
  expect(keyframeNear(rows, 10, -1)).toBe(5);
  expect(keyframeNear(rows, 20, 1)).toBeNull();
});

test('the effect of a class hides what is undecided, and leaves what is kept', () => {
  const [first] = DOCUMENT.tracks;
  const kept = {
    ...DOCUMENT,
    tracks: DOCUMENT.tracks.map((t) =>
      t === first ? { ...t, decision: { verdict: 'keep' as const, reason: 'privacy-face' } } : t,
    ),
  };
  const of = first!.class;
  const blur = { kind: 'blur' as const, cells_across: 8 };
  const after = setClassEffect(POLICY, of, blur)(kept);
  for (const track of after.tracks) {
    if (track.id === first!.id || track.class !== of) {
      expect(track).toBe(kept.tracks.find((t) => t.id === track.id));
    } else expect(track.decision).toMatchObject({ verdict: 'redact', effect: blur });
  }
  expect(changedTracks(kept, after)).toBe(
    kept.tracks.filter((t) => t.class === of && t.id !== first!.id).length,
  );
  expect(setClassEffect(POLICY, of, blur)(after)).toBe(after);
});

test('a place that another version stored is not used', () => {
  const place = {
    frame: 4,
    tab: 1,
    filter: 'all',
    class: 'all',
    order: 'time',
    selection: { kind: 'tracks', ids: [3] },
    seen: ['track-3'],
  };
  expect(readPlace(JSON.stringify(place))?.selection).toEqual({
    kind: 'tracks',
    ids: new Set([3]),
  });
  for (const wrong of [{ tab: 7 }, { filter: 'x' }, { seen: null }, { frame: 'a' }])
    expect(readPlace(JSON.stringify({ ...place, ...wrong }))).toBeNull();
  expect(readPlace('{')).toBeNull();
});
