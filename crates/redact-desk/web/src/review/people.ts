// Which tracks may show the same person. Only by continuity: a track that begins soon after another
// one ended, and near where it ended. Faces are not compared.
import type { Class, Rect, ReviewTrack } from '../api/types';
import { bareAt, type FoundById, spanOf } from './boxes';

/** Longest time between two tracks, seconds. */
const PAUSE_MAX = 2;
/** How far a box may have moved meanwhile, as a multiple of its size. */
const WAY_MAX = 1.5;
/** Largest difference in size, as a ratio. */
const SIZE_MAX = 2;
/** Frames that two tracks of one object may have in common, where one takes over. */
const OVERLAP_MAX = 3;

/** A track that may go on as another one. */
export interface Continuation {
  from: ReviewTrack;
  to: ReviewTrack;
  /** Seconds in between. */
  pause: number;
}

/**
 * Tracks of a class that may go on as another one, ordered by time. Each track goes on as one other
 * at most: the one that is nearest. Those that have the same name already are left out, and those
 * with different names too.
 */
export function continuations(
  tracks: readonly ReviewTrack[],
  of: Class,
  found: FoundById,
  framesPerSecond: number,
): Continuation[] {
  const all = tracks.filter((t) => t.class === of && t.decision?.verdict !== 'reject');
  const starts = all
    .map((track) => ({ track, start: spanOf(track).start }))
    .sort((a, b) => a.start - b.start);
  const ways: { way: number; found: Continuation }[] = [];
  for (const from of all) {
    const { end } = spanOf(from);
    const last = bareAt(from, end - 1, found);
    if (last === null) continue;
    const until = end + PAUSE_MAX * framesPerSecond;
    for (const { track: to, start } of starts) {
      if (start > until) break;
      if (to === from || start < end - OVERLAP_MAX || start <= spanOf(from).start) continue;
      if (from.person !== null && to.person !== null) continue;
      const first = bareAt(to, start, found);
      const way = first === null ? null : wayBetween(last, first);
      const pause = Math.max(0, start - end) / framesPerSecond;
      if (way !== null) ways.push({ way: way + pause, found: { from, to, pause } });
    }
  }
  // The nearest pairs first; each end of a track is used once.
  const [gone, come] = [new Set<number>(), new Set<number>()];
  const chosen: Continuation[] = [];
  for (const { found: pair } of ways.sort((a, b) => a.way - b.way)) {
    if (gone.has(pair.from.id) || come.has(pair.to.id)) continue;
    gone.add(pair.from.id);
    come.add(pair.to.id);
    chosen.push(pair);
  }
  return chosen.sort((a, b) => spanOf(a.to).start - spanOf(b.to).start);
}

/** How far apart two boxes are, as a multiple of their size; `null` if too far, or too unlike. */
function wayBetween(a: Rect, b: Rect): number | null {
  const [wide, high] = [(a[2] - a[0] + b[2] - b[0]) / 2, (a[3] - a[1] + b[3] - b[1]) / 2];
  const ratio = (a[3] - a[1]) / (b[3] - b[1]);
  if (ratio > SIZE_MAX || ratio < 1 / SIZE_MAX) return null;
  const x = (a[0] + a[2] - b[0] - b[2]) / 2 / wide;
  const y = (a[1] + a[3] - b[1] - b[3]) / 2 / high;
  const way = Math.hypot(x, y);
  return way <= WAY_MAX ? way : null;
}

/** Tracks of a class by name, the unnamed ones last, each in order of time. */
export function byPerson(
  tracks: readonly ReviewTrack[],
  of: Class,
): { name: string | null; tracks: ReviewTrack[] }[] {
  const groups = new Map<string | null, ReviewTrack[]>();
  const inTime = tracks
    .filter((t) => t.class === of)
    .sort((a, b) => spanOf(a).start - spanOf(b).start || a.id - b.id);
  for (const track of inTime)
    groups.set(track.person, [...(groups.get(track.person) ?? []), track]);
  return [...groups]
    .map(([name, members]) => ({ name, tracks: members }))
    .sort((a, b) =>
      a.name === null ? 1 : b.name === null ? -1 : a.name.localeCompare(b.name, 'en'),
    );
}
