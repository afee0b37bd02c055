// Which tracks a list shows, in which order, and the best frame of a track.
import type { Class, Drawn, Rect, ReviewDocument, ReviewTrack, Risk } from '../api/types';
import { bareAt, drawnAt, type FoundById, spanOf } from './boxes';
import { type Gap, gapsOf } from './regions';

export type Filter = 'all' | 'undecided' | 'hidden' | 'kept' | 'rejected';
export type Order = 'time' | 'risk' | 'class' | 'person';

export type Selection =
  | { kind: 'none' }
  | { kind: 'tracks'; ids: ReadonlySet<number> }
  | { kind: 'drawn'; id: string }
  | { kind: 'mute'; id: string }
  | { kind: 'speech'; number: number }
  | { kind: 'words'; from: number; to: number } // places in the transcript, half-open
  | { kind: 'item'; key: string };

export const CLASSES: readonly Class[] = ['face', 'plate', 'screen', 'vehicle'];

/** The riskiest span of each found track. */
export function riskByTrack(list: readonly Risk[]): ReadonlyMap<number, Risk> {
  const most = new Map<number, Risk>();
  for (const risk of list) {
    const known = most.get(risk.track);
    if (known === undefined || risk.risk > known.risk) most.set(risk.track, risk);
  }
  return most;
}

/** A track to check first; `track` is null if the review left all of the found track out. */
export interface CheckRow {
  risk: Risk;
  track: ReviewTrack | null;
}

/**
 * What to check first, the riskiest first: one row per reviewed track, so that there are never more
 * rows than tracks, however they were merged or split.
 */
export function checkFirst(document: ReviewDocument, list: readonly Risk[]): CheckRow[] {
  const byFound = new Map<number, ReviewTrack[]>();
  for (const track of document.tracks)
    for (const part of track.parts)
      if ('found' in part) {
        const known = byFound.get(part.found);
        if (known === undefined) byFound.set(part.found, [track]);
        else if (!known.includes(track)) known.push(track);
      }
  const rows = new Map<string, CheckRow>();
  for (const risk of list) {
    const track = holder(byFound.get(risk.track) ?? [], risk);
    const key = track === null ? `found-${risk.track}` : `track-${track.id}`;
    const known = rows.get(key);
    if (known === undefined || risk.risk > known.risk.risk) rows.set(key, { risk, track });
  }
  return [...rows.values()].sort((a, b) => b.risk.risk - a.risk.risk);
}

/** Of the reviewed tracks that contain parts of a found track, the one that the risk is about. */
function holder(tracks: readonly ReviewTrack[], risk: Risk): ReviewTrack | null {
  const overlaps = (track: ReviewTrack): boolean =>
    track.parts.some(
      (p) => 'found' in p && p.found === risk.track && p.start < risk.end && risk.start < p.end,
    );
  return tracks.find(overlaps) ?? tracks[0] ?? null;
}

/** An entry of the list to check first. */
export type CheckEntry = { kind: 'track'; row: CheckRow } | { kind: 'gap'; gap: Gap };

/** All of the list: frames in which following lost an object come before the found tracks. */
export const checkEntries = (document: ReviewDocument, rows: readonly CheckRow[]): CheckEntry[] => [
  ...gapsOf(document.drawn).map((gap) => ({ kind: 'gap' as const, gap })),
  ...rows.map((row) => ({ kind: 'track' as const, row })),
];

/** What identifies an entry, also after a reload. */
export function entryKey(entry: CheckEntry): string {
  if (entry.kind === 'gap') return `gap-${entry.gap.region.id}-${entry.gap.start}`;
  const { risk, track } = entry.row;
  return track === null ? `found-${risk.track}` : `track-${track.id}`;
}

/**
 * The place of the next entry that was not shown yet, after `at` and then from the start; `null` if
 * all were shown. Backward: the one before, shown or not.
 */
export function nextEntry(
  keys: readonly string[],
  seen: ReadonlySet<string>,
  at: number,
  direction: 1 | -1,
): number | null {
  if (direction === -1) return at > 0 ? at - 1 : null;
  const open = (key: string): boolean => !seen.has(key);
  const after = keys.findIndex((key, i) => i > at && open(key));
  const next = after >= 0 ? after : keys.findIndex((key, i) => i !== at && open(key));
  return next < 0 ? null : next;
}

export function listed(
  document: ReviewDocument,
  filter: Filter,
  order: Order,
  riskOf: (track: ReviewTrack) => Risk | null,
  of: Class | 'all' = 'all',
): ReviewTrack[] {
  const keyed = document.tracks
    .filter((track) => filter === 'all' || filter === stateOf(track))
    .filter((track) => of === 'all' || of === track.class)
    .map((track) => ({ track, start: spanOf(track).start, risk: riskOf(track)?.risk ?? -1 }));
  keyed.sort((a, b) => {
    const first =
      order === 'risk'
        ? b.risk - a.risk
        : order === 'class'
          ? CLASSES.indexOf(a.track.class) - CLASSES.indexOf(b.track.class)
          : order === 'person'
            ? (a.track.person ?? '\uffff').localeCompare(b.track.person ?? '\uffff')
            : 0;
    return first || a.start - b.start || a.track.id - b.track.id;
  });
  return keyed.map((k) => k.track);
}

/** A row of the list of tracks: regions that a person drew come first. */
export type ListRow = { kind: 'drawn'; region: Drawn } | { kind: 'track'; track: ReviewTrack };

export const rowKey = (row: ListRow): string =>
  row.kind === 'drawn' ? `region-${row.region.id}` : `track-${row.track.id}`;

/** A region is hidden, so it is listed with all tracks and with the hidden ones. */
export const listRows = (
  drawn: readonly Drawn[],
  tracks: readonly ReviewTrack[],
  filter: Filter,
  of: Class | 'all',
): ListRow[] => [
  ...(of === 'all' && (filter === 'all' || filter === 'hidden')
    ? drawn.map((region) => ({ kind: 'drawn' as const, region }))
    : []),
  ...tracks.map((track) => ({ kind: 'track' as const, track })),
];

/**
 * Of what lies at a place of the picture, topmost first: the one below what is selected, so that
 * repeated clicks reach all of them.
 */
export function nextBelow<T>(here: readonly T[], selected: (item: T) => boolean): T | null {
  const at = here.findIndex(selected);
  return here[(at + 1) % Math.max(1, here.length)] ?? null;
}

export function stateOf(track: ReviewTrack): Exclude<Filter, 'all'> {
  if (track.decision === null) return 'undecided';
  const states = { redact: 'hidden', keep: 'kept', reject: 'rejected' } as const;
  return states[track.decision.verdict];
}

/** The frame with the largest detection of the track; otherwise its middle. */
export function bestFrame(track: ReviewTrack, found: FoundById): number {
  let best: { frame: number; size: number } | null = null;
  for (const part of track.parts) {
    if (!('found' in part)) continue;
    const seen = found.get(part.found);
    if (seen === undefined) continue;
    for (let frame = part.start; frame < part.end; frame += 1) {
      const at = frame - seen.start;
      if (seen.origins[at] !== 'd') continue;
      const [left, top, right, bottom] = seen.boxes.slice(at * 4, at * 4 + 4);
      const size = ((right ?? 0) - (left ?? 0)) * ((bottom ?? 0) - (top ?? 0));
      if (best === null || size > best.size) best = { frame, size };
    }
  }
  const { start, end } = spanOf(track);
  return best?.frame ?? Math.floor((start + end) / 2);
}

/** The first found track in it, whose thumbnail is shown. */
export function pictureOf(track: ReviewTrack): number | null {
  for (const part of track.parts) if ('found' in part) return part.found;
  return null;
}

/** Where following begins: a region in the frame shown, a track at its end or its start. */
export function seedOf(
  region: Drawn | null,
  track: ReviewTrack | undefined,
  way: 'both' | 'back' | 'forward',
  shown: number,
  found: FoundById,
): { frame: number; rect: Rect } | null {
  if (region === null && track === undefined) return null;
  const span = track === undefined ? null : spanOf(track);
  const edge = span === null ? shown : way === 'back' ? span.start : span.end - 1;
  const frame = region === null ? edge : shown;
  const rect = region === null ? bareAt(track!, frame, found) : drawnAt(region, frame);
  return rect === null ? null : { frame, rect };
}
