// What was said in an open review: selecting, searching, muting, correcting, and working through
// the proposals.
import type { Decision, Transcript } from '../api/types';
import { clockText, many } from '../lib/format';
import { toast } from '../lib/toast.svelte';
import { NOTHING_TO_WITHHOLD } from './edit';
import type { ReviewSession } from './review-session.svelte';
import {
  aroundWords,
  checkItem,
  correctWord,
  coverOf,
  type Heard,
  heard,
  isAbout,
  keepItem,
  keepSpans,
  muteItem,
  muteSpans,
  outsideOf,
  padded,
  reasonFor,
  spanOfTokens,
  spansOfTokens,
} from './spoken-edit';
import {
  corrections,
  type Item,
  itemsOf,
  itemTitle,
  normalizedWords,
  occurrences,
  read,
  type Reading,
  type Span,
  tokenAt,
  wordIndex,
} from './transcript';

/** What is heard before and after an item that is played. */
const AROUND_SECONDS = 1;

/** Words or an item that decisions are about. */
export interface Target {
  item: Item | null;
  /** Tokens, half-open. */
  tokens: Span;
  start: number;
  end: number;
}

export type ItemState = 'open' | 'muted' | 'audible';

export class Spoken {
  readonly reading: Reading;
  readonly items: readonly Item[];
  readonly #byKey: ReadonlyMap<string, Item>;
  readonly #desk: ReviewSession;

  view = $state<'text' | 'items'>('text');
  query = $state('');
  /** Which match of the search is shown. */
  hit = $state(0);
  /** Where a selection of words began, and where it is being extended. */
  anchor = $state<number | null>(null);
  caret = $state<number | null>(null);
  /** The word being corrected. */
  editing = $state<number | null>(null);
  /** The reason for the next mute; `null`: the policy's. */
  chosenReason = $state<string | null>(null);
  /** Counts requests to show the caret. */
  shown = $state(0);

  constructor(
    desk: ReviewSession,
    readonly transcript: Transcript,
  ) {
    this.#desk = desk;
    this.reading = read(transcript);
    this.items = itemsOf(transcript, this.reading);
    this.#byKey = new Map(this.items.map((item) => [item.key, item]));
  }

  // ---- what is there

  /** Corrections; the same object until they change. */
  #words = $derived.by(() => this.#desk.document.words);
  corrected = $derived.by(() => corrections(this.reading, this.#words));
  #index = $derived.by(() => wordIndex(this.reading, (place) => this.textOf(place)));
  #mutes = $derived.by(() => this.#desk.document.mutes);
  covers = $derived.by(() =>
    this.transcript.voices.map((voice) => coverOf(this.#mutes, voice.sound_tracks)),
  );
  hits = $derived.by(() => occurrences(this.#index, normalizedWords(this.query), true));
  states = $derived.by((): ReadonlyMap<string, ItemState> => {
    const checked = new Map(
      (this.#desk.document.checked_items ?? []).map((c) => [
        `${c.kind === 'unclear' ? 'u' : 'p'}${c.voice}-${c.item}`,
        c,
      ]),
    );
    return new Map(
      this.items.map((item) => {
        const known = checked.get(item.key);
        const muted = this.heardItem(item) === 'muted';
        const open = known === undefined || (known.muted && !muted);
        return [item.key, open ? 'open' : muted ? 'muted' : 'audible'];
      }),
    );
  });
  open = $derived.by(() => this.items.filter((item) => this.states.get(item.key) === 'open'));
  saying = $derived.by(() =>
    tokenAt(this.reading, this.#desk.clock.middle(this.#desk.player.frame)),
  );
  target = $derived.by((): Target | null => {
    const { selection } = this.#desk;
    if (selection.kind === 'item') {
      const item = this.#byKey.get(selection.key);
      if (item === undefined) return null;
      return { item, tokens: [item.from, item.to], start: item.start, end: item.end };
    }
    if (selection.kind !== 'words') return null;
    const tokens: Span = [selection.from, selection.to];
    const [start, end] = spanOfTokens(this.reading, tokens);
    return { item: null, tokens, start, end };
  });
  /** The items in each token. */
  itemsAt = $derived.by(() => {
    const at = new Map<number, Item[]>();
    for (const item of this.items)
      for (let i = item.from; i < item.to; i += 1) {
        const known = at.get(i);
        if (known === undefined) at.set(i, [item]);
        else known.push(item);
      }
    return at;
  });
  /** How often the selected words are said. */
  said = $derived.by(() => {
    const query = this.#query();
    return query.length === 0 ? [] : occurrences(this.#index, query);
  });

  textOf(place: number): string {
    return this.corrected.get(place) ?? this.reading.tokens[place]!.text;
  }

  /** The words of tokens `from` to `to`. */
  text([from, to]: Span): string {
    const places = Array.from({ length: to - from }, (_, i) => from + i);
    return places.map((place) => this.textOf(place)).join(' ');
  }

  heardAt(place: number): Heard {
    const { voice, start, end } = this.reading.tokens[place]!;
    return heard(this.covers[voice]!, start, end);
  }

  heardItem(item: Item): Heard {
    return heard(this.covers[item.voice]!, item.start, item.end);
  }

  heardTarget({ item, tokens: [from, to] }: Target): Heard {
    if (item !== null) return this.heardItem(item);
    const all = new Set<Heard>();
    for (let i = from; i < to && all.size < 2; i += 1) all.add(this.heardAt(i));
    return all.size === 1 ? [...all][0]! : 'partly';
  }

  /** Who checked an item, and when. */
  checkedBy(item: Item): { by?: string | undefined; at?: string | undefined } | undefined {
    return this.#desk.document.checked_items?.find((checked) => isAbout(checked, item));
  }

  // ---- going about

  /** Selects the word at `place`, or extends the selection to it. */
  pick(place: number, extend = false): void {
    const anchor = extend && this.anchor !== null ? this.anchor : place;
    this.anchor = anchor;
    this.caret = place;
    this.chosenReason = null;
    const [from, to] = anchor <= place ? [anchor, place + 1] : [place, anchor + 1];
    this.#desk.selection = { kind: 'words', from, to };
    this.shown += 1;
  }

  /** Goes to the time of a word. */
  go(place: number): void {
    this.#desk.player.pause();
    this.#desk.player.seekSeconds(this.reading.tokens[place]!.start);
  }

  show(item: Item, play = true): void {
    this.chosenReason = null;
    this.#desk.selection = { kind: 'item', key: item.key };
    this.anchor = item.from;
    this.caret = item.to - 1;
    this.shown += 1;
    if (play) this.play(item);
    else this.#desk.player.seekSeconds(item.start);
  }

  /** Plays from a second before to a second after. */
  play({ start, end }: { start: number; end: number }): void {
    this.#desk.player.playSpan(start - AROUND_SECONDS, end + AROUND_SECONDS);
  }

  playTarget(): void {
    if (this.target !== null) this.play(this.target);
    else toast('Select words in the transcript first.');
  }

  /** The next item that nobody checked; if all are, the next one. */
  next(direction: 1 | -1, quiet = false): void {
    const list = this.open.length > 0 ? this.open : quiet ? [] : this.items;
    if (this.items.length === 0) return toast('Nothing was proposed in the transcript.');
    if (list.length === 0) return toast('Every proposal is checked.', 'ok');
    const here = this.items.findIndex((item) => item === this.target?.item);
    const at = (item: Item): number => this.items.indexOf(item);
    const next =
      direction === 1
        ? (list.find((item) => at(item) > here) ?? list[0])
        : (list.findLast((item) => at(item) < here) ?? list.at(-1));
    if (next !== undefined) this.show(next);
  }

  nextHit(direction: 1 | -1): void {
    const count = this.hits.length;
    if (count === 0) return;
    const first = this.caret === null && direction === 1 ? -1 : this.hit;
    this.hit = (first + direction + count) % count;
    this.showHit();
  }

  showHit(): void {
    const range = this.hits[this.hit];
    if (range === undefined) return;
    this.view = 'text';
    this.anchor = range[0];
    this.caret = range[1] - 1;
    this.#desk.selection = { kind: 'words', from: range[0], to: range[1] };
    this.go(range[0]);
    this.shown += 1;
  }

  // ---- deciding

  decide(verdict: Decision['verdict']): void {
    if (verdict === 'redact') return this.mute();
    if (verdict === 'reject') return this.keep(NOTHING_TO_WITHHOLD);
    document.querySelector<HTMLElement>('[data-focus="reason"]')?.focus();
    toast('Choose why it stays audible.');
  }

  /** The reason with which the target would be muted. */
  get reason(): string {
    return this.chosenReason ?? reasonFor(this.#desk.review.policy, this.target?.item ?? null);
  }

  mute(): void {
    const { target, reason } = this;
    const { policy } = this.#desk.review;
    if (target === null) return;
    const { item } = target;
    const was = item === null ? null : this.states.get(item.key);
    const done =
      item === null
        ? this.#desk.change(
            'Words muted',
            muteSpans(policy, [aroundWords(policy, [target.start, target.end])], reason),
          )
        : this.#desk.change(`${itemTitle(item)} muted`, muteItem(policy, item, reason));
    this.#after(done ? `${this.#name(target)} muted` : null, was === 'open');
  }

  keep(reason: string): void {
    const { target } = this;
    const { policy } = this.#desk.review;
    if (target === null) return;
    const { item, tokens } = target;
    const was = item === null ? null : this.states.get(item.key);
    const muted = this.items.filter((other) => this.#staysMuted(other, target));
    const spans = outsideOf(policy, spansOfTokens(this.reading, tokens), muted);
    if (item === null && spans.length === 0) {
      return toast('These words are part of a muted proposal. Select the whole proposal.');
    }
    const done =
      item === null
        ? this.#desk.change('Words kept audible', keepSpans(spans, reason))
        : this.#desk.change(
            `${itemTitle(item)} kept audible`,
            keepItem(policy, item, muted, reason),
          );
    this.#after(done ? `${this.#name(target)} kept audible` : null, was === 'open');
  }

  muteEverywhere(): void {
    const { policy } = this.#desk.review;
    if (this.target === null) return toast('Select words in the transcript first.');
    if (this.said.length === 0) return toast('Select words that are said, not only a mark.');
    const spans = this.said.map((range) => aroundWords(policy, spanOfTokens(this.reading, range)));
    const times = many(spans.length, 'place');
    const label = `Muted in ${times}`;
    if (this.#desk.change(label, muteSpans(policy, spans, this.reason))) this.#desk.tell(label);
    else toast(`Already muted in ${times}.`);
  }

  /** Takes back that the item was checked. */
  uncheck(): void {
    const item = this.target?.item;
    if (item == null) return;
    this.#desk.change('Check removed', checkItem(item, null));
  }

  edit(): void {
    const { target } = this;
    const [from, to] = target?.tokens ?? [0, 0];
    const word = this.caret !== null && this.caret >= from && this.caret < to ? this.caret : from;
    if (target === null || this.reading.tokens[word]?.kind !== 'word') {
      return toast('Select a word in the transcript first.');
    }
    this.view = 'text';
    this.editing = word;
    this.shown += 1;
  }

  correct(place: number, text: string): void {
    this.editing = null;
    const { voice, index, text: found } = this.reading.tokens[place]!;
    const plain = text.trim().replace(/\s+/g, ' ').slice(0, 100);
    if (this.#desk.change('Word corrected', correctWord(voice, index, plain, found))) {
      this.#desk.tell(`Corrected to “${plain}”`);
    }
  }

  // ---- inside

  /** Whether an item stays muted, with its padding, while something near it becomes audible. */
  #staysMuted(item: Item, { item: own, tokens: [from, to], start, end }: Target): boolean {
    const { policy } = this.#desk.review;
    if (item === own || this.states.get(item.key) === 'audible') return false;
    if (own === null && from <= item.from && item.to <= to) return false;
    // Words out of a stretch that was not understood may be selected one by one.
    const overlaps = item.start < end && start < item.end;
    if (own === null && item.kind === 'unclear' && overlaps) return false;
    if (this.heardItem(item) !== 'muted') return false;
    const [a, b] = padded(policy, [start, end]);
    const [c, d] = padded(policy, [item.start, item.end]);
    return a < d && c < b;
  }

  #name({ item, start }: Target): string {
    return item === null ? 'Words' : `${itemTitle(item)} at ${clockText(start)}`;
  }

  /** Tells what was done, and goes on to the next item. */
  #after(text: string | null, wasOpen: boolean): void {
    if (text === null) toast('Nothing to change.');
    else this.#desk.tell(text);
    if (wasOpen && this.#desk.goOn) this.next(1, true);
  }

  #query(): string[] {
    if (this.target === null) return [];
    const [from, to] = this.target.tokens;
    if (to - from > 50) return [];
    const words: string[] = [];
    for (let i = from; i < to; i += 1)
      if (this.reading.tokens[i]!.kind === 'word') words.push(...normalizedWords(this.textOf(i)));
    return words;
  }
}
