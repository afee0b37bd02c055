// Edits of what was said: mutes over words, words that stay audible, checked proposals, corrected
// words. Times are seconds.
import type { CheckedItem, Mute, Policy, ReviewDocument } from '../api/types';
import type { Edit } from './edit';
import { firstAfter, gaps, keepSpeech, undecideSpeech } from './speech';
import { type Item, joinSpans, type Reading, type Span } from './transcript';

/** How far the times of words may be off. */
const WORD_ERROR_SECONDS = 0.15;
/** Pauses between selected words that stay audible with them. */
const WORD_GAP_SECONDS = 0.5;

/** Where a voice is silenced: on all of its sound tracks, and on any of them. */
export interface Cover {
  all: readonly Span[];
  any: readonly Span[];
}

/** What mutes do to the sound tracks of one voice. */
export function coverOf(mutes: readonly Mute[], soundTracks: readonly number[]): Cover {
  const by = soundTracks.map((track) =>
    joinSpans(
      mutes
        .filter((m) => m.sound_tracks === 'all' || m.sound_tracks.includes(track))
        .map((m): Span => [m.start_seconds, m.end_seconds]),
      0,
    ),
  );
  const any = joinSpans(by.flat(), 0);
  // What is audible on some track is not silenced.
  const audible = joinSpans(
    by.flatMap((muted) => gaps(any, muted)),
    0,
  );
  return { all: by.length === 0 ? [] : gaps(any, audible), any };
}

export type Heard = 'muted' | 'partly' | 'audible';

/** Whether something said from `start` to `end` can be heard. */
export function heard(cover: Cover, start: number, end: number): Heard {
  const whole = cover.all[firstAfter(cover.all, start)];
  if (whole !== undefined && whole[0] <= start && whole[1] >= end) return 'muted';
  const some = cover.any[firstAfter(cover.any, start)];
  return some !== undefined && some[0] < end ? 'partly' : 'audible';
}

/** The span that the policy mutes for an item, or a person for words. */
export function padded(policy: Policy, [start, end]: Span): Span {
  const by = policy.audio.padding_seconds;
  return [start - by, end + by];
}

/** The span that mutes selected words. */
export function aroundWords(policy: Policy, [start, end]: Span): Span {
  const by = Math.max(policy.audio.padding_seconds, WORD_ERROR_SECONDS);
  return [start - by, end + by];
}

/** The policy's reason for muting an item. */
export function reasonFor(policy: Policy, item: Item | null): string {
  const rule = policy.audio.personal.find((r) => r.class === item?.class);
  return rule?.reason ?? policy.audio.reason;
}

/** From the first start to the last end of tokens `from` to `to`. */
export function spanOfTokens(reading: Reading, [from, to]: Span): Span {
  let [start, end] = [Infinity, -Infinity];
  for (let i = from; i < to; i += 1) {
    start = Math.min(start, reading.tokens[i]!.start);
    end = Math.max(end, reading.tokens[i]!.end);
  }
  return [start, end];
}

/** Tokens `from` to `to` with the short pauses between them. */
export function spansOfTokens(reading: Reading, [from, to]: Span): Span[] {
  const spans = reading.tokens.slice(from, to).map((t): Span => [t.start, t.end]);
  return joinSpans(spans, WORD_GAP_SECONDS);
}

const down = (seconds: number): number => Math.floor(seconds * 1000 + 1e-6) / 1000;
const up = (seconds: number): number => Math.ceil(seconds * 1000 - 1e-6) / 1000;
const nanos = ([start, end]: Span): Span => [Math.round(start * 1e9), Math.round(end * 1e9)];

/** Mutes spans on all sound tracks, except where everything is muted already. */
export function muteSpans(policy: Policy, spans: readonly Span[], reason: string): Edit {
  const wanted = joinSpans(spans, 0);
  return (document) => {
    const silent = coverOf(
      document.mutes.filter((m) => m.sound_tracks === 'all'),
      [0],
    );
    const audible = wanted.filter(([start, end]) => heard(silent, start, end) !== 'muted');
    if (audible.length === 0) return document;
    const ids = freeIds('mute', document.mutes);
    const made = audible.map(([start, end]): Mute => ({
      id: ids(),
      start_seconds: down(start),
      end_seconds: up(end),
      sound_tracks: 'all',
      style: policy.audio.style,
      reason,
    }));
    return { ...document, mutes: inOrder([...document.mutes, ...made]) };
  };
}

const inOrder = (mutes: Mute[]): Mute[] => mutes.sort((a, b) => a.start_seconds - b.start_seconds);

/** Ids that no mute has, one after the other. */
function freeIds(stem: string, taken: readonly Mute[]): () => string {
  const names = new Set(taken.map((mute) => mute.id));
  let number = 0;
  return () => {
    do number += 1;
    while (names.has(`${stem}-${number}`));
    return `${stem}-${number}`;
  };
}

/** Cuts spans out of all mutes. What is left of a mute retains its reason and tracks. */
export function unmuteSpans(spans: readonly Span[]): Edit {
  const cuts = joinSpans(spans, 0);
  return (document) => {
    const touches = (m: Mute): boolean =>
      (cuts[firstAfter(cuts, m.start_seconds)]?.[0] ?? Infinity) < m.end_seconds;
    if (!document.mutes.some(touches)) return document;
    const mutes: Mute[] = [];
    const ids = freeIds('mute', document.mutes);
    for (const mute of document.mutes) {
      if (!touches(mute)) {
        mutes.push(mute);
        continue;
      }
      const left = gaps([[mute.start_seconds, mute.end_seconds]], cuts);
      left.forEach(([start, end], i) => {
        const id = i === 0 ? mute.id : ids();
        const piece = { ...mute, id, start_seconds: down(start), end_seconds: up(end) };
        mutes.push(piece);
      });
    }
    return { ...document, mutes: inOrder(mutes) };
  };
}

/** Spans become audible for a reason. */
export function keepSpans(spans: readonly Span[], reason: string): Edit {
  return (document) => keepSpeech(spans.map(nanos), reason)(unmuteSpans(spans)(document));
}

/** Parts of `spans` outside of what other muted proposals need. */
export function outsideOf(policy: Policy, spans: readonly Span[], others: readonly Item[]): Span[] {
  return gaps(
    joinSpans(spans, 0),
    others.map((item) => padded(policy, [item.start, item.end])),
  );
}

/** The order that the server expects: by voice, unclear ones first, by place. */
const byPlace = (a: CheckedItem, b: CheckedItem): number =>
  a.voice - b.voice || (a.kind === b.kind ? a.item - b.item : a.kind === 'unclear' ? -1 : 1);

export const isAbout = (checked: CheckedItem, item: Item): boolean =>
  checked.voice === item.voice && checked.kind === item.kind && checked.item === item.index;

/** Notes that a person checked an item; `null` takes that back. */
export function checkItem(item: Item, muted: boolean | null): Edit {
  return (document) => {
    const before = document.checked_items ?? [];
    const others = before.filter((checked) => !isAbout(checked, item));
    const { voice, kind, index } = item;
    if (muted === null) {
      return others.length === before.length ? document : withChecked(document, others);
    }
    if (before.some((checked) => isAbout(checked, item) && checked.muted === muted)) {
      return document;
    }
    const made = { voice, kind, item: index, muted };
    return withChecked(document, [...others, made].sort(byPlace));
  };
}

function withChecked(document: ReviewDocument, list: CheckedItem[]): ReviewDocument {
  return { ...document, checked_items: list };
}

/** Mutes an item, as the policy does. */
export function muteItem(policy: Policy, item: Item, reason: string): Edit {
  const span = padded(policy, [item.start, item.end]);
  return (document) => {
    const muted = muteSpans(policy, [span], reason)(document);
    return checkItem(item, true)(undecideSpeech([nanos(span)])(muted));
  };
}

/** Makes an item audible for a reason, except where `others`, which stay muted, overlap it. */
export function keepItem(
  policy: Policy,
  item: Item,
  others: readonly Item[],
  reason: string,
): Edit {
  const spans = outsideOf(policy, [padded(policy, [item.start, item.end])], others);
  return (document) => checkItem(item, false)(keepSpans(spans, reason)(document));
}

/** Corrects a word; the recognized text takes the correction back. */
export function correctWord(voice: number, word: number, text: string, found: string): Edit {
  return (document) => {
    const before = document.words ?? [];
    const known = before.find((w) => w.voice === voice && w.word === word);
    if ((known?.text ?? found) === text || text === '') return document;
    const others = before.filter((w) => w !== known);
    const made = text === found ? [] : [{ voice, word, text }];
    const words = [...others, ...made].sort((a, b) => a.voice - b.voice || a.word - b.word);
    return { ...document, words };
  };
}
