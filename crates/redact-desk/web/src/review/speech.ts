// Speech that the policy mutes: which parts are audible, and which of them a reviewer decided to
// keep audible. Times are nanoseconds since the first frame, as on the server.
import type { KeptSpeech, Mute, PolicyMute } from '../api/types';
import type { Edit } from './edit';

export type NanoSpan = [start: number, end: number];

/** A span of speech that the policy mutes. */
export interface Speech {
  /** Its place in the policy's mutes. */
  number: number;
  start: number;
  end: number;
  /** Why the policy mutes it. */
  reason: string;
  /** Parts that are audible on at least one sound track. */
  audible: NanoSpan[];
  /** Audible parts without a decision. */
  undecided: NanoSpan[];
  /** Decisions about audible parts. */
  kept: KeptSpeech[];
}

/** The parts of `spans` outside `covers`, in order. */
export function gaps(spans: readonly NanoSpan[], covers: readonly NanoSpan[]): NanoSpan[] {
  return gapsOf(spans, joined(covers));
}

/** The same of `sorted` covers, which are in order and disjoint. */
function gapsOf(spans: readonly NanoSpan[], sorted: readonly NanoSpan[]): NanoSpan[] {
  const left: NanoSpan[] = [];
  for (const [start, end] of spans) {
    let from = start;
    for (let i = firstAfter(sorted, start); i < sorted.length; i += 1) {
      const [a, b] = sorted[i]!;
      if (a >= end) break;
      if (a > from) left.push([from, a]);
      from = Math.max(from, b);
    }
    if (from < end) left.push([from, end]);
  }
  return left;
}

/** Place of the first of `spans`, which are in order and disjoint, that ends after `start`. */
export function firstAfter(spans: readonly NanoSpan[], start: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]![1] <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function joined(spans: readonly NanoSpan[]): NanoSpan[] {
  const all: NanoSpan[] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else all.push([start, end]);
  }
  return all;
}

/** A mute in nanoseconds, rounded outward to microseconds as the server rounds it. */
function spanOfMute(mute: Mute): NanoSpan {
  return [Math.floor(mute.start_seconds * 1e6) * 1000, Math.ceil(mute.end_seconds * 1e6) * 1000];
}

const spanOfKept = (kept: KeptSpeech): NanoSpan => [kept.start_nanos, kept.end_nanos];

/** For each span that the policy mutes: the parts without a mute, and the decisions about them. */
export function speechOf(
  policyMutes: readonly PolicyMute[],
  mutes: readonly Mute[],
  soundTracks: number,
  kept: readonly KeptSpeech[],
): Speech[] {
  const covers = Array.from({ length: soundTracks }, (_, track) =>
    joined(
      mutes
        .filter((m) => m.sound_tracks === 'all' || m.sound_tracks.includes(track))
        .map(spanOfMute),
    ),
  );
  const decided = [...kept].sort((a, b) => a.start_nanos - b.start_nanos);
  return policyMutes.map(({ start_nanos: start, end_nanos: end, reason }, number) => {
    const audible = joined(covers.flatMap((muted) => gapsOf([[start, end]], muted)));
    const about =
      audible.length === 0
        ? []
        : decided.filter((k) => audible.some(([a, b]) => k.start_nanos < b && a < k.end_nanos));
    const undecided = gaps(audible, about.map(spanOfKept));
    return { number, start, end, reason, audible, undecided, kept: about };
  });
}

/** Keeps spans audible for a reason, replacing earlier decisions. */
export function keepSpeech(spans: readonly NanoSpan[], reason: string): Edit {
  return (document) => {
    const others = without(document.kept_speech ?? [], spans);
    const made = spans.map(([start_nanos, end_nanos]) => ({ start_nanos, end_nanos, reason }));
    const kept_speech = [...others, ...made].sort((a, b) => a.start_nanos - b.start_nanos);
    return { ...document, kept_speech };
  };
}

/** Removes decisions about spans. */
export function undecideSpeech(spans: readonly NanoSpan[]): Edit {
  return (document) => {
    const kept_speech = without(document.kept_speech ?? [], spans);
    const same = JSON.stringify(kept_speech) === JSON.stringify(document.kept_speech ?? []);
    return same ? document : { ...document, kept_speech };
  };
}

function without(kept: readonly KeptSpeech[], spans: readonly NanoSpan[]): KeptSpeech[] {
  return kept.flatMap((one) =>
    gaps([spanOfKept(one)], spans).map(([start_nanos, end_nanos]) => ({
      ...one,
      start_nanos,
      end_nanos,
    })),
  );
}

/** Seconds of a mute that covers a span: whole milliseconds, rounded outward. */
export function secondsAround([start, end]: NanoSpan): [start: number, end: number] {
  return [Math.floor(start / 1e6) / 1000, Math.ceil(end / 1e6) / 1000];
}
