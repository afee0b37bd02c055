// The box of a reviewed track or a drawn region in a frame. Same rules as on the server, which are
// the ones that count: this is for display only.
import type { Drawn, FoundTrack, KeyRow, MarginRow, Part, Rect, ReviewTrack } from '../api/types';

export type FoundById = ReadonlyMap<number, FoundTrack>;

export interface Span {
  start: number;
  end: number;
}

/** From the first part's start to the last part's end. */
export function spanOf(track: ReviewTrack): Span {
  let start = Infinity;
  let end = 0;
  for (const part of track.parts) {
    start = Math.min(start, part.start);
    end = Math.max(end, part.end);
  }
  return { start: Number.isFinite(start) ? start : 0, end };
}

/** The box on a path: linear between rows, constant before the first and after the last. */
export function pathAt(path: readonly KeyRow[], frame: number): Rect | null {
  const first = path[0];
  const last = path[path.length - 1];
  if (first === undefined || last === undefined) return null;
  if (frame <= first[0]) return rectOf(first);
  if (frame >= last[0]) return rectOf(last);
  let low = 0;
  let high = path.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (path[middle]![0] <= frame) low = middle;
    else high = middle;
  }
  return between(path[low]!, path[high]!, frame);
}

/** The box of `track` in `frame` with its margins; `null` outside its span. */
export function boxAt(track: ReviewTrack, frame: number, found: FoundById): Rect | null {
  const bare = bareAt(track, frame, found);
  return bare === null ? null : widened(bare, marginsAt(track.margins ?? [], frame));
}

/** Margins: linear between rows, constant before the first and after the last; zero without rows. */
export function marginsAt(rows: readonly MarginRow[], frame: number): Rect {
  return pathAt(rows, frame) ?? [0, 0, 0, 0];
}

function widened(rect: Rect, [left, top, right, bottom]: Rect): Rect {
  const [width, height] = [rect[2] - rect[0], rect[3] - rect[1]];
  return [
    Math.max(0, rect[0] - left * width),
    Math.max(0, rect[1] - top * height),
    Math.min(1, rect[2] + right * width),
    Math.min(1, rect[3] + bottom * height),
  ];
}

/** The margins with which `bare` contains `wanted`; never negative. */
export function marginsFor(bare: Rect, wanted: Rect): Rect {
  const [width, height] = [bare[2] - bare[0], bare[3] - bare[1]];
  // Rounded up: a mask may hide a little too much, never too little.
  const share = (by: number, of: number): number =>
    Math.min(20, Math.max(0, Math.ceil((by / of) * 1e4 - 1e-6) / 1e4));
  return [
    share(bare[0] - wanted[0], width),
    share(bare[1] - wanted[1], height),
    share(wanted[2] - bare[2], width),
    share(wanted[3] - bare[3], height),
  ];
}

/** The box of `track` in `frame` without margins; `null` outside its span. */
export function bareAt(track: ReviewTrack, frame: number, found: FoundById): Rect | null {
  const { start, end } = spanOf(track);
  if (frame < start || frame >= end) return null;
  let hull: Rect | null = null;
  for (const part of track.parts) {
    if (frame >= part.start && frame < part.end) hull = joined(hull, partAt(part, frame, found));
  }
  return hull ?? bridged(track, frame, found);
}

export function drawnAt(drawn: Drawn, frame: number): Rect | null {
  return frame >= drawn.start && frame < drawn.end ? pathAt(drawn.keyframes, frame) : null;
}

function partAt(part: Part, frame: number, found: FoundById): Rect | null {
  if ('path' in part) return pathAt(part.path, frame);
  const track = found.get(part.found);
  if (track === undefined) return null;
  const at = (frame - track.start) * 4;
  const sides = track.boxes.slice(at, at + 4);
  return sides.length === 4 ? (sides as Rect) : null;
}

/** Between two parts: linear from the end of the first to the start of the second. */
function bridged(track: ReviewTrack, frame: number, found: FoundById): Rect | null {
  let before: Part | null = null;
  let after: Part | null = null;
  for (const part of track.parts) {
    if (part.end <= frame && (before === null || part.end > before.end)) before = part;
    if (part.start > frame && (after === null || part.start < after.start)) after = part;
  }
  if (before === null || after === null) return null;
  const from = bareAt(track, before.end - 1, found);
  const to = bareAt(track, after.start, found);
  if (from === null || to === null) return from ?? to;
  return between([before.end - 1, ...from], [after.start, ...to], frame);
}

function between(a: KeyRow, b: KeyRow, frame: number): Rect {
  const share = b[0] === a[0] ? 0 : (frame - a[0]) / (b[0] - a[0]);
  const mix = (i: 1 | 2 | 3 | 4): number => a[i] + (b[i] - a[i]) * share;
  return [mix(1), mix(2), mix(3), mix(4)];
}

function joined(a: Rect | null, b: Rect | null): Rect | null {
  if (a === null || b === null) return a ?? b;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

function rectOf(row: KeyRow): Rect {
  return [row[1], row[2], row[3], row[4]];
}

/** A rectangle within the picture whose sides are in order and not shorter than `least`. */
export function tidy(rect: Rect, least = 0.004): Rect {
  const side = (a: number, b: number): [number, number] => {
    const low = Math.max(0, Math.min(a, b, 1 - least));
    const high = Math.min(1, Math.max(a, b, low + least));
    return [low, Math.max(high, low + least)];
  };
  const [left, right] = side(rect[0], rect[2]);
  const [top, bottom] = side(rect[1], rect[3]);
  const round = (value: number): number => Math.round(value * 1e5) / 1e5;
  return [round(left), round(top), round(right), round(bottom)];
}
