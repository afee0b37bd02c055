// Regions that a person draws: their names, what following makes of them, and everything outside
// of one. As in `edit.ts`, edits are functions from document to document.
import type { Drawn, Followed, KeyRow, Rect } from '../api/types';
import { itemText } from '../lib/format';
import { tidy } from './boxes';
import { changeDrawn, type Edit, freeId } from './edit';

/** A region over everything. */
export const WHOLE_PICTURE: Rect = [0, 0, 1, 1];

/** The name of a region for people. */
export const regionName = (region: Drawn): string => region.name ?? itemText(region.id);

/** How far a thinned path may be from the followed one, as a fraction of the picture. */
const THIN_BY = 0.002;

/**
 * A path with as few keyframes as stay near the followed one. Its boxes are larger by the distance
 * that is allowed, so that they always contain the followed ones.
 */
export function thinned(path: readonly KeyRow[]): KeyRow[] {
  const first = path[0];
  const last = path.at(-1);
  if (first === undefined || last === undefined || path.length < 3) return [...path];
  const needed = new Set([0, path.length - 1]);
  const open: [number, number][] = [[0, path.length - 1]];
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const [from, to] = span;
    const worst = furthest(path, from, to);
    if (worst === null) continue;
    needed.add(worst);
    open.push([from, worst], [worst, to]);
  }
  return path.filter((_, i) => needed.has(i)).map(enlarged);
}

/** The row that is furthest from the straight line, or that the enlarged line does not contain. */
function furthest(path: readonly KeyRow[], from: number, to: number): number | null {
  const [a, b] = [path[from]!, path[to]!];
  const [wideA, wideB] = [enlarged(a), enlarged(b)];
  let most = THIN_BY;
  let at: number | null = null;
  for (let i = from + 1; i < to; i += 1) {
    const row = path[i]!;
    const share = (row[0] - a[0]) / (b[0] - a[0]);
    for (const side of [1, 2, 3, 4] as const) {
      const off = Math.abs(row[side] - (a[side] + (b[side] - a[side]) * share));
      // Beside the edge of the picture, a box cannot be enlarged.
      const wide = wideA[side] + (wideB[side] - wideA[side]) * share;
      const bare = side < 3 ? wide - row[side] : row[side] - wide;
      const by = bare > 0 ? Math.max(off, THIN_BY + bare) : off;
      if (by > most) [most, at] = [by, i];
    }
  }
  return at;
}

function enlarged([frame, left, top, right, bottom]: KeyRow): KeyRow {
  const by = THIN_BY + 1e-5; // And what rounding takes away.
  return [frame, ...tidy([left - by, top - by, right + by, bottom + by])];
}

/**
 * The region along a followed path. Where the object was lost the region ends; the frames that it
 * covered there before are marked, to be checked by a person.
 */
export function followed(region: Drawn, found: Followed): Edit {
  const { path, stopped } = found;
  const start = stopped.back === 'lost' ? found.start : Math.min(region.start, found.start);
  const end = stopped.forward === 'lost' ? found.end : Math.max(region.end, found.end);
  const gaps: [number, number][] = [
    [region.start, start],
    [end, region.end],
  ];
  // What is followed now is no longer lost.
  const before = (region.lost ?? []).flatMap(([from, to]): [number, number][] => [
    [from, Math.min(to, start)],
    [Math.max(from, end), to],
  ]);
  const keyframes = thinned(path.map((row): KeyRow => [...row]));
  return changeDrawn(region.id, {
    keyframes,
    start,
    end,
    lost: mergedSpans([...before, ...gaps].filter(([from, to]) => from < to)),
  });
}

function mergedSpans(spans: [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** Notes that a person has checked the frames in which following lost the object. */
export function checkedGap(region: Drawn, start: number): Edit {
  return changeDrawn(region.id, {
    lost: (region.lost ?? []).filter((gap) => gap[0] !== start),
  });
}

export function nameRegion(id: string, text: string): Edit {
  const name = text.trim().slice(0, 100);
  return (document) => ({
    ...document,
    drawn: document.drawn.map((region) => {
      if (region.id !== id || (region.name ?? '') === name) return region;
      const { name: _, ...bare } = region;
      return name === '' ? bare : { ...bare, name };
    }),
  });
}

/**
 * Hides everything except the region: four regions around it replace it. Where it reaches the edge
 * of the picture, none is needed.
 */
export function hideOutside(region: Drawn): Edit {
  const around: [side: string, of: (rect: Rect) => Rect][] = [
    ['above', ([, top]) => [0, 0, 1, top]],
    ['below', ([, , , bottom]) => [0, bottom, 1, 1]],
    ['left of', ([left, top, , bottom]) => [0, top, left, bottom]],
    ['right of', ([, top, right, bottom]) => [right, top, 1, bottom]],
  ];
  return (document) => {
    let drawn = document.drawn.filter((d) => d.id !== region.id);
    for (const [side, of] of around) {
      const rects = region.keyframes.map(([frame, ...rect]) => ({ frame, rect: of(rect) }));
      const empty = ([left, top, right, bottom]: Rect): boolean => right <= left || bottom <= top;
      if (rects.every(({ rect }) => empty(rect))) continue;
      const keyframes = rects.map(({ frame, rect }): KeyRow => [frame, ...tidy(rect)]);
      const name = `${side} ${regionName(region)}`.slice(0, 100);
      drawn = [...drawn, { ...region, id: freeId('region', drawn), name, keyframes }];
    }
    return { ...document, drawn };
  };
}

/** The frame of the keyframe before or after `frame`. */
export function keyframeNear(
  rows: readonly { 0: number }[],
  frame: number,
  direction: 1 | -1,
): number | null {
  const row = direction === 1 ? rows.find((r) => r[0] > frame) : rows.findLast((r) => r[0] < frame);
  return row?.[0] ?? null;
}

/** Frames that are still to be checked, with their region. */
export interface Gap {
  region: Drawn;
  start: number;
  end: number;
}

export const gapsOf = (drawn: readonly Drawn[]): Gap[] =>
  drawn.flatMap((region) => (region.lost ?? []).map(([start, end]) => ({ region, start, end })));
