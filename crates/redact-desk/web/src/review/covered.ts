// Where masks of others cover a person who is kept. Same rule as on the server (`covered.rs` of
// `redact-record`), which is the one that counts: this is for display only.
import type { Rect, ReviewDocument, ReviewTrack, Shape } from '../api/types';
import { boxAt, drawnAt, type FoundById, spanOf } from './boxes';
import { hides } from './shapes';

/** The share of a box, about its center, that the object itself fills: around it is its margin. */
const OBJECT_SHARE = 0.6;
const POINTS = 16;
const COVERED_MIN = 0.1;

export interface Covered {
  /** Frames in which it is covered. */
  frames: number;
  /** The first of the frames in which most of it is covered, and the share, 0 to 1. */
  worst: number;
  share: number;
  /** IDs of the masks, sorted: `face-3` is that of track 3. */
  masks: string[];
}

/** Where masks cover `track`; `null` if nowhere, or if it is not a face that is kept. */
export function coveredBy(
  document: ReviewDocument,
  track: ReviewTrack,
  found: FoundById,
): Covered | null {
  if (track.class !== 'face' || track.decision?.verdict !== 'keep') return null;
  const span = spanOf(track);
  const meets = (start: number, end: number): boolean => start < span.end && span.start < end;
  const hidden = document.tracks.filter((other) => {
    const { start, end } = spanOf(other);
    return other.decision?.verdict === 'redact' && meets(start, end);
  });
  const drawn = document.drawn.filter((region) => meets(region.start, region.end));
  const masks = new Set<string>();
  let [frames, worst, share] = [0, span.start, 0];
  for (let frame = span.start; frame < span.end; frame += 1) {
    const box = boxAt(track, frame, found);
    if (box === null) continue;
    const object = middle(box);
    const here: [id: string, mask: Mask][] = [];
    const add = (id: string, rect: Rect | null, shape?: Shape): void => {
      const mask = rect === null ? null : { rect, shape };
      if (mask !== null && cover(object, [mask]) > 0) here.push([id, mask]);
    };
    for (const other of hidden) add(`${other.class}-${other.id}`, boxAt(other, frame, found));
    for (const region of drawn) add(region.id, drawnAt(region, frame), region.shape);
    const most = cover(
      object,
      here.map(([, mask]) => mask),
    );
    if (most <= COVERED_MIN) continue;
    frames += 1;
    for (const [id] of here) masks.add(id);
    if (most > share) [worst, share] = [frame, most];
  }
  return frames === 0 ? null : { frames, worst, share, masks: [...masks].sort() };
}

function middle([left, top, right, bottom]: Rect): Rect {
  const [x, y] = [right - left, bottom - top].map((side) => (side * (1 - OBJECT_SHARE)) / 2) as [
    number,
    number,
  ];
  return [left + x, top + y, right - x, bottom - y];
}

interface Mask {
  rect: Rect;
  shape: Shape | undefined;
}

/** The share of `object` that any of `masks` hides. */
function cover([left, top, right, bottom]: Rect, masks: readonly Mask[]): number {
  const touching = masks.filter(
    ({ rect: r }) => r[0] < right && left < r[2] && r[1] < bottom && top < r[3],
  );
  if (touching.length === 0) return 0;
  let hidden = 0;
  for (let row = 0; row < POINTS; row += 1)
    for (let column = 0; column < POINTS; column += 1) {
      const x = left + ((column + 0.5) / POINTS) * (right - left);
      const y = top + ((row + 0.5) / POINTS) * (bottom - top);
      if (touching.some(({ rect, shape }) => hides(shape, rect, [x, y]))) hidden += 1;
    }
  return hidden / POINTS ** 2;
}
