// All edits of a review, as functions from document to document. A document is never changed in
// place: undo needs the old one.
import type {
  Class,
  Decision,
  Drawn,
  Effect,
  KeyRow,
  MarginRow,
  Mute,
  Part,
  Policy,
  Reason,
  Rect,
  ReviewDocument,
  ReviewTrack,
} from '../api/types';
import { bareAt, type FoundById, marginsAt, marginsFor, spanOf, tidy } from './boxes';

export type Edit = (document: ReviewDocument) => ReviewDocument;
export type Verdict = Decision['verdict'];

/** The code of the reason that every plan has, for what stays visible or audible. */
export const NOTHING_TO_WITHHOLD = 'nothing-to-withhold';

/** The policy's reasons, with the reason that every plan has. */
function withOwnReason(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.some((reason) => reason.code === NOTHING_TO_WITHHOLD)) return reasons;
  const text = 'A reviewer found nothing in it that may be withheld.';
  const own: Reason = {
    code: NOTHING_TO_WITHHOLD,
    statute: 'none',
    text,
    for: 'keep',
    laws: [],
    fits: true,
  };
  return [...reasons, own];
}

/** The reasons to hide, or to keep, under the law of the request. */
export function reasonsFor(reasons: readonly Reason[], keep: boolean): Reason[] {
  const all = keep ? withOwnReason(reasons) : reasons;
  return all.filter((r) => r.fits && (r.for === 'both' || (r.for === 'keep') === keep));
}

/** The reason of a region until a person chooses one: nothing is withheld without saying why. */
export const NO_REASON = '';

/** The policy's decision about a track of this class. */
export function policyDecision(policy: Policy, of: Class): Decision {
  const rule = policy.classes.find((r) => r.class === of);
  if (rule === undefined) {
    return { verdict: 'redact', effect: { kind: 'fill' }, reason: firstReason(policy) };
  }
  return rule.verdict === 'keep'
    ? { verdict: 'keep', reason: rule.reason }
    : { verdict: 'redact', effect: rule.effect, reason: rule.reason };
}

/** The policy's decision, with the verdict that a person chose instead. */
export function decisionOf(policy: Policy, of: Class, verdict: Verdict): Decision {
  if (verdict === 'reject') return { verdict, reason: NOTHING_TO_WITHHOLD };
  const rule = policy.classes.find((r) => r.class === of);
  const offered = reasonsFor(policy.reasons, verdict === 'keep');
  const own = offered.find((r) => r.code === rule?.reason)?.code;
  return verdict === 'keep'
    ? { verdict, reason: own ?? NOTHING_TO_WITHHOLD }
    : {
        verdict,
        reason: own ?? firstReason(policy),
        effect: rule?.effect ?? { kind: 'fill' },
      };
}

export function firstReason(policy: Policy): string {
  return reasonsFor(policy.reasons, false)[0]?.code ?? policy.audio.reason;
}

/** Decides tracks. A track that is already hidden retains its effect and reason. */
export function decide(
  policy: Policy,
  which: (track: ReviewTrack) => boolean,
  verdict: Verdict,
): Edit {
  return onTracks(which, (track) =>
    track.decision?.verdict === verdict
      ? track
      : { ...track, decision: decisionOf(policy, track.class, verdict) },
  );
}

/** Applies the policy's decision to undecided tracks. */
export function decideByPolicy(policy: Policy, which: (track: ReviewTrack) => boolean): Edit {
  return onTracks(which, (track) =>
    track.decision === null ? { ...track, decision: policyDecision(policy, track.class) } : track,
  );
}

export function undecide(which: (track: ReviewTrack) => boolean): Edit {
  return onTracks(which, (track) =>
    track.decision === null ? track : { ...track, decision: null },
  );
}

/** Keeps some tracks and hides every other one: "hide all but this one". */
export function hideAllBut(policy: Policy, which: (track: ReviewTrack) => boolean): Edit {
  return (document) =>
    decide(policy, which, 'keep')(decide(policy, (t) => !which(t), 'redact')(document));
}

export function setEffect(ids: ReadonlySet<number>, effect: Effect): Edit {
  return onTracks(
    (t) => ids.has(t.id),
    (track) =>
      track.decision?.verdict === 'redact' && !sameEffect(track.decision.effect, effect)
        ? { ...track, decision: { ...track.decision, effect } }
        : track,
  );
}

/** Hides the undecided tracks of a class, and gives its hidden ones this effect. */
export function setClassEffect(policy: Policy, of: Class, effect: Effect): Edit {
  return onTracks(
    (t) => t.class === of && (t.decision === null || t.decision.verdict === 'redact'),
    (track) => {
      const decision = track.decision ?? decisionOf(policy, of, 'redact');
      if (decision.verdict !== 'redact') return track;
      const same = track.decision !== null && sameEffect(decision.effect, effect);
      return same ? track : { ...track, decision: { ...decision, effect } };
    },
  );
}

export function sameEffect(a: Effect, b: Effect): boolean {
  const cells = (effect: Effect): number => (effect.kind === 'fill' ? 0 : effect.cells_across);
  return a.kind === b.kind && cells(a) === cells(b);
}

/** How many tracks differ between two documents. */
export function changedTracks(before: ReviewDocument, after: ReviewDocument): number {
  const known = new Map(before.tracks.map((t) => [t.id, t]));
  return after.tracks.filter((t) => known.get(t.id) !== t).length;
}

export function setReason(ids: ReadonlySet<number>, reason: string): Edit {
  return onTracks(
    (t) => ids.has(t.id),
    (track) =>
      track.decision === null || track.decision.reason === reason
        ? track
        : { ...track, decision: { ...track.decision, reason } },
  );
}

/** Labels tracks. The same label means the same person; an empty one removes the label. */
export function setPerson(ids: ReadonlySet<number>, person: string | null): Edit {
  const label = person?.trim().slice(0, 100) || null;
  return onTracks(
    (t) => ids.has(t.id),
    (track) => (track.person === label ? track : { ...track, person: label }),
  );
}

/** All tracks with the label of `track`; only itself if it has none. */
export function samePerson(track: ReviewTrack): (other: ReviewTrack) => boolean {
  return (other) =>
    other.id === track.id || (track.person !== null && other.person === track.person);
}

/** Splits a track before `frame`. In a gap, both halves get the interpolated box. */
export function split(id: number, frame: number, found: FoundById): Edit {
  return (document) => {
    const track = document.tracks.find((t) => t.id === id);
    if (track === undefined) return document;
    const { start, end } = spanOf(track);
    if (frame <= start || frame >= end) return document;
    const head = { ...track, parts: until(track, frame, found) };
    const tail = { ...track, parts: from(track, frame, found) };
    return inTwo(document, head, tail, found);
  };
}

/**
 * Replaces a track by two. The first has the old number, unless only the second has boxes found
 * under it: a number identifies what was found.
 */
function inTwo(
  document: ReviewDocument,
  first: ReviewTrack,
  second: ReviewTrack,
  found: FoundById,
): ReviewDocument {
  const { id } = first;
  const next = nextId(document, found);
  const holds = (track: ReviewTrack): boolean =>
    track.parts.some((p) => 'found' in p && p.found === id);
  const swapped = found.has(id) && !holds(first) && holds(second);
  const others = document.tracks.filter((t) => t.id !== id);
  return withTracks(document, [
    ...others,
    { ...first, id: swapped ? next : id },
    { ...second, id: swapped ? id : next },
  ]);
}

/**
 * The result of a trim: the track, and an undecided track of the found boxes that it loses, because
 * found boxes are decided and never dropped.
 */
function trimmed(
  document: ReviewDocument,
  track: ReviewTrack,
  parts: Part[],
  lost: Part[],
  found: FoundById,
): ReviewDocument {
  const short = { ...track, parts };
  const rest = lost.filter((p) => 'found' in p);
  if (rest.length === 0) {
    return withTracks(document, [...document.tracks.filter((t) => t.id !== track.id), short]);
  }
  return inTwo(document, short, { ...track, parts: rest, decision: null }, found);
}

/** Frames of a found track that no track of the review covers. */
export interface LeftOut {
  found: number;
  class: Class;
  start: number;
  end: number;
}

export function leftOut(document: ReviewDocument, found: FoundById): LeftOut[] {
  const covered = new Map<number, [number, number][]>();
  for (const part of document.tracks.flatMap((t) => t.parts)) {
    if (!('found' in part)) continue;
    const spans = covered.get(part.found) ?? [];
    covered.set(part.found, [...spans, [part.start, part.end]]);
  }
  return [...found.values()].flatMap((track) => {
    const spans = (covered.get(track.id) ?? []).sort((a, b) => a[0] - b[0]);
    const left: LeftOut[] = [];
    let from = track.start;
    for (const [start, end] of [...spans, [track.end, track.end] as [number, number]]) {
      if (start > from) left.push({ found: track.id, class: track.class, start: from, end: start });
      from = Math.max(from, end);
    }
    return left;
  });
}

/** Makes undecided tracks of all found boxes that no track covers. */
export function putBack(found: FoundById): Edit {
  return (document) =>
    leftOut(document, found).reduce((next, { found: id, class: of, start, end }) => {
      const free = next.tracks.every((t) => t.id !== id);
      const track: ReviewTrack = {
        id: free ? id : nextId(next, found),
        class: of,
        person: null,
        parts: [{ found: id, start, end }],
        decision: null,
      };
      return withTracks(next, [...next.tracks, track]);
    }, document);
}

/** Why tracks cannot be merged; `null` if they can. */
export function cannotMerge(tracks: readonly ReviewTrack[]): string | null {
  if (tracks.length < 2) return 'Choose two or more tracks first (Ctrl or Shift and click).';
  if (new Set(tracks.map((t) => t.class)).size > 1) {
    return 'Tracks of different classes cannot be merged.';
  }
  return null;
}

/** Merges tracks. If any of them is hidden, the result is hidden. */
export function merge(ids: ReadonlySet<number>): Edit {
  return (document) => {
    const chosen = document.tracks.filter((t) => ids.has(t.id));
    const first = chosen[0];
    if (first === undefined || cannotMerge(chosen) !== null) return document;
    const hidden = chosen.find((t) => t.decision?.verdict === 'redact');
    const kept = chosen.find((t) => t.decision?.verdict === 'keep');
    const allDecided = chosen.every((t) => t.decision !== null);
    const whole: ReviewTrack = {
      ...first,
      person: chosen.find((t) => t.person !== null)?.person ?? null,
      parts: chosen.flatMap((t) => t.parts).sort((a, b) => a.start - b.start || a.end - b.end),
      decision: hidden?.decision ?? (allDecided ? (kept ?? first).decision : null),
    };
    const merged = withMargins(whole, mergedMargins(chosen));
    return withTracks(document, [...document.tracks.filter((t) => !ids.has(t.id)), merged]);
  };
}

/**
 * Merged margins of several tracks: in no frame smaller than any of them. The maximum is stored
 * wherever one of them changes, starts or ends; linear interpolation lies above it.
 */
function mergedMargins(tracks: readonly ReviewTrack[]): MarginRow[] {
  const wide = tracks.filter((t) => (t.margins ?? []).length > 0);
  const frames = wide.flatMap((track) => {
    const { start, end } = spanOf(track);
    const rows = track.margins!.map((row) => row[0]).filter((f) => f > start && f < end - 1);
    return [start, ...rows, end - 1];
  });
  return [...new Set(frames)]
    .sort((a, b) => a - b)
    .map((frame): MarginRow => {
      const there = wide.filter((t) => spanOf(t).start <= frame && frame < spanOf(t).end);
      const all = there.map((t) => marginsAt(t.margins!, frame));
      const most = (side: 0 | 1 | 2 | 3): number => Math.max(0, ...all.map((m) => m[side]));
      return [frame, most(0), most(1), most(2), most(3)];
    });
}

/** Enlarges a track's box in one frame to contain `wanted`. */
export function reshape(id: number, frame: number, wanted: Rect, found: FoundById): Edit {
  return onTracks(
    (t) => t.id === id,
    (track) => {
      const bare = bareAt(track, frame, found);
      if (bare === null) return track;
      const row: MarginRow = [frame, ...marginsFor(bare, wanted)];
      const before = (track.margins ?? []).find((r) => r[0] === frame);
      if (before !== undefined && before.every((value, i) => value === row[i])) return track;
      const others = (track.margins ?? []).filter((r) => r[0] !== frame);
      return withMargins(track, [...others, row]);
    },
  );
}

/** Removes the margins in one frame, or in all frames. */
export function removeMargins(id: number, frame?: number): Edit {
  return onTracks(
    (t) => t.id === id && (t.margins ?? []).length > 0,
    (track) =>
      withMargins(track, frame === undefined ? [] : track.margins!.filter((r) => r[0] !== frame)),
  );
}

function withMargins(track: ReviewTrack, rows: MarginRow[]): ReviewTrack {
  const { margins: _, ...bare } = track;
  const adds = rows.some((row) => row.slice(1).some((side) => side > 0));
  return adds ? { ...bare, margins: [...rows].sort((a, b) => a[0] - b[0]) } : bare;
}

/**
 * Moves a track's start to `frame`: extends it with its first box, or trims it. Boxes found before
 * `frame` become an undecided track.
 */
export function startAt(id: number, frame: number, found: FoundById): Edit {
  return (document) => {
    const track = document.tracks.find((t) => t.id === id);
    if (track === undefined) return document;
    const { start, end } = spanOf(track);
    if (frame === start || frame >= end || frame < 0) return document;
    if (frame > start) {
      const lost = until(track, frame, found);
      return trimmed(document, track, from(track, frame, found), lost, found);
    }
    const box = bareAt(track, start, found);
    if (box === null) return document;
    const held: Part = { path: [[start, ...box]], start: frame, end: start };
    return trimmed(document, track, [held, ...track.parts], [], found);
  };
}

/** Moves a track's end (exclusive) to `frame` in the same way. */
export function endAt(id: number, frame: number, found: FoundById): Edit {
  return (document) => {
    const track = document.tracks.find((t) => t.id === id);
    if (track === undefined) return document;
    const { start, end } = spanOf(track);
    if (frame === end || frame <= start) return document;
    if (frame < end) {
      const lost = from(track, frame, found);
      return trimmed(document, track, until(track, frame, found), lost, found);
    }
    const box = bareAt(track, end - 1, found);
    if (box === null) return document;
    const held: Part = { path: [[end - 1, ...box]], start: end, end: frame };
    return trimmed(document, track, [...track.parts, held], [], found);
  };
}

/** Extends a track by a followed path. */
export function addPath(id: number, path: KeyRow[], start: number, end: number): Edit {
  return onTracks(
    (t) => t.id === id,
    (track) => ({ ...track, parts: [...track.parts, { path, start, end }] }),
  );
}

export function addDrawn(region: Omit<Drawn, 'id'>, id?: string): Edit {
  return (document) => ({
    ...document,
    drawn: [...document.drawn, { id: id ?? freeId('region', document.drawn), ...region }],
  });
}

/** Sets a region's box in one frame: adds or moves a keyframe. */
export function setKeyframe(id: string, frame: number, rect: Rect): Edit {
  return onDrawn(id, (region) => {
    const row: KeyRow = [frame, ...tidy(rect)];
    const others = region.keyframes.filter((k) => k[0] !== frame);
    return { ...region, keyframes: [...others, row].sort((a, b) => a[0] - b[0]) };
  });
}

export function removeKeyframe(id: string, frame: number): Edit {
  return onDrawn(id, (region) => {
    const others = region.keyframes.filter((k) => k[0] !== frame);
    return others.length === 0 ? region : { ...region, keyframes: others };
  });
}

export function changeDrawn(id: string, change: Partial<Omit<Drawn, 'id'>>): Edit {
  return onDrawn(id, (region) => {
    const next = { ...region, ...change };
    return next.end > next.start ? next : region;
  });
}

export function removeDrawn(id: string): Edit {
  return (document) => ({ ...document, drawn: document.drawn.filter((d) => d.id !== id) });
}

export function addMute(mute: Omit<Mute, 'id'>, id?: string): Edit {
  return (document) => ({
    ...document,
    mutes: [...document.mutes, { id: id ?? freeId('mute', document.mutes), ...mute }].sort(
      (a, b) => a.start_seconds - b.start_seconds,
    ),
  });
}

export function changeMute(id: string, change: Partial<Omit<Mute, 'id'>>): Edit {
  return (document) => ({
    ...document,
    mutes: document.mutes.map((mute) => {
      if (mute.id !== id) return mute;
      const next = { ...mute, ...change };
      return next.end_seconds > next.start_seconds ? next : mute;
    }),
  });
}

export function removeMute(id: string): Edit {
  return (document) => ({ ...document, mutes: document.mutes.filter((m) => m.id !== id) });
}

/** Mutes all speech that is not muted, with the policy's padding. */
export function muteSpeech(policy: Policy, speech: readonly [number, number][]): Edit {
  return (document) => {
    let next = document;
    const { padding_seconds: margin, style, reason } = policy.audio;
    for (const [start, end] of speech) {
      if (mutedAll(next.mutes, start, end)) continue;
      next = addMute({
        start_seconds: millis(start - margin),
        end_seconds: millis(end + margin),
        sound_tracks: 'all',
        style,
        reason,
      })(next);
    }
    return next;
  };
}

/** Whether all sound from `start` to `end` is muted on all tracks. */
export function mutedAll(mutes: readonly Mute[], start: number, end: number): boolean {
  let at = start;
  for (const mute of [...mutes].sort((a, b) => a.start_seconds - b.start_seconds)) {
    if (mute.sound_tracks !== 'all' || mute.start_seconds > at) continue;
    at = Math.max(at, mute.end_seconds);
    if (at >= end) return true;
  }
  return false;
}

export function acknowledge(of: Class, accepted: boolean): Edit {
  return (document) => {
    const others = document.acknowledged.filter((c) => c !== of);
    return { ...document, acknowledged: accepted ? [...others, of].sort() : others };
  };
}

export const millis = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** A number that no track and no found track has. */
export function nextId(document: ReviewDocument, found: FoundById): number {
  const all = [...document.tracks.map((t) => t.id), ...found.keys()];
  return all.reduce((most, id) => Math.max(most, id), 0) + 1;
}

export function freeId(stem: string, taken: readonly { id: string }[]): string {
  const names = new Set(taken.map((t) => t.id));
  let number = 1;
  while (names.has(`${stem}-${number}`)) number += 1;
  return `${stem}-${number}`;
}

/** The part of a track before `frame`. */
function until(track: ReviewTrack, frame: number, found: FoundById): Part[] {
  const parts = track.parts
    .filter((p) => p.start < frame)
    .map((p) => (p.end > frame ? { ...p, end: frame } : p));
  return Math.max(0, ...parts.map((p) => p.end)) === frame
    ? parts
    : [...parts, ...held(track, frame - 1, found)];
}

/** The part of a track from `frame` on. */
function from(track: ReviewTrack, frame: number, found: FoundById): Part[] {
  const parts = track.parts
    .filter((p) => p.end > frame)
    .map((p) => (p.start < frame ? { ...p, start: frame } : p));
  return Math.min(Infinity, ...parts.map((p) => p.start)) === frame
    ? parts
    : [...held(track, frame, found), ...parts];
}

/** The track's box in one frame as a part. */
function held(track: ReviewTrack, frame: number, found: FoundById): Part[] {
  const box = bareAt(track, frame, found);
  return box === null ? [] : [{ path: [[frame, ...box]], start: frame, end: frame + 1 }];
}

function onTracks(
  which: (track: ReviewTrack) => boolean,
  change: (track: ReviewTrack) => ReviewTrack,
): Edit {
  return (document) => {
    let changed = false;
    const tracks = document.tracks.map((track) => {
      if (!which(track)) return track;
      const next = change(track);
      changed ||= next !== track;
      return next;
    });
    return changed ? { ...document, tracks } : document;
  };
}

function onDrawn(id: string, change: (region: Drawn) => Drawn): Edit {
  return (document) => ({
    ...document,
    drawn: document.drawn.map((region) => (region.id === id ? change(region) : region)),
  });
}

function withTracks(document: ReviewDocument, tracks: ReviewTrack[]): ReviewDocument {
  return { ...document, tracks: [...tracks].sort((a, b) => a.id - b.id) };
}

/** The next effect in the cycle. */
export function nextEffect(now: Effect): Effect {
  if (now.kind === 'fill') return { kind: 'pixelate', cells_across: 8 };
  return now.kind === 'pixelate' ? { kind: 'blur', cells_across: 8 } : { kind: 'fill' };
}

/** Whether two documents are equal, regardless of who decided and when. */
export const sameContent = (a: ReviewDocument, b: ReviewDocument): boolean => sameValue(a, b);

/** Whether two parts of documents are equal, regardless of who decided and when. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const plain = (part: unknown): string =>
    JSON.stringify(part, (key, value: unknown) =>
      key === 'by' || key === 'at' ? undefined : sorted(value),
    );
  return plain(a) === plain(b);
}

/** An object with its keys in order, so that two of them compare as text. */
function sorted(value: unknown): unknown {
  // The server stores sides in single precision.
  if (typeof value === 'number') return Math.round(value * 1e4) / 1e4;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
