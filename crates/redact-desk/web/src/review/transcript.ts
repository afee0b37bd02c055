// The transcript of a review in reading order: words and marks for speech that was not understood,
// paragraphs, the word being said, searching, and the proposals to check.
import type {
  ItemKind,
  PersonalClass,
  Transcript,
  UnclearCause,
  Voice,
  WordEdit,
} from '../api/types';

export type Span = [start: number, end: number];

/** A word, or the mark of a stretch that was not understood. Times are seconds. */
export interface Token {
  kind: 'word' | 'mark';
  voice: number;
  /** Place in the voice's `words`, or in its `unclear`. */
  index: number;
  start: number;
  end: number;
  /** As the recognizer understood it. */
  text: string;
  probability: number;
}

/** Tokens of one voice without a long pause: `from` to `to`, half-open. */
export interface Paragraph {
  voice: number;
  from: number;
  to: number;
}

export interface Reading {
  tokens: readonly Token[];
  paragraphs: readonly Paragraph[];
  /** Place in `tokens` of each word, by voice. */
  words: readonly Int32Array[];
  /** Place in `tokens` of each mark, by voice. */
  marks: readonly Int32Array[];
}

/** Something to check: personal data, or speech that was not understood. */
export interface Item {
  key: string;
  voice: number;
  kind: ItemKind;
  /** Place in the voice's `personal` or `unclear`. */
  index: number;
  class: PersonalClass | null;
  cause: UnclearCause | null;
  start: number;
  end: number;
  /** Its tokens, half-open. */
  from: number;
  to: number;
}

const PAUSE_SECONDS = 1.5;
const SENTENCE_TOKENS = 40;
const PARAGRAPH_TOKENS = 80;
/** How long a word stays marked after its end, unless another begins. */
const LINGER_SECONDS = 0.4;

export const causeText: Record<UnclearCause, string> = {
  doubtful: 'words unsure',
  'no-words': 'no words found',
  repeated: 'repeats itself',
  'other-language': 'other language',
  'out-of-reach': 'not transcribed',
};

/** Classes in the order of lists. */
export const personalText: Record<PersonalClass, string> = {
  'person-name': 'Person name',
  'phone-number': 'Phone number',
  'street-address': 'Street address',
  'email-address': 'Email address',
  'date-of-birth': 'Date of birth',
  'social-security-number': 'Social Security number',
  'id-number': 'ID number',
  'license-plate': 'License plate',
  'account-number': 'Account number',
  'work-or-school': 'Place of work or school',
};
const CLASS_ORDER = Object.keys(personalText) as PersonalClass[];

export const itemTitle = (item: Pick<Item, 'class' | 'cause'>): string =>
  item.class === null ? 'Not understood' : personalText[item.class];

function tokensOf(voice: Voice, number: number): Token[] {
  const marks = voice.unclear.map((part, index): Token => ({
    kind: 'mark',
    voice: number,
    index,
    start: part.start_seconds,
    end: part.end_seconds,
    text: `[not understood: ${causeText[part.cause]}]`,
    probability: 0,
  }));
  const words = voice.words.map(([start, end, probability, text], index): Token => ({
    kind: 'word',
    voice: number,
    index,
    start,
    end,
    text,
    probability,
  }));
  // A mark comes before the words that it is about.
  return [...marks, ...words].sort((a, b) => a.start - b.start);
}

function paragraphsOf(tokens: readonly Token[]): Token[][] {
  const all: Token[][] = [];
  let end = -Infinity;
  for (const token of tokens) {
    const now = all.at(-1);
    const long = (now?.length ?? 0) >= PARAGRAPH_TOKENS;
    const sentence = (now?.length ?? 0) >= SENTENCE_TOKENS && /[.?!]$/.test(now!.at(-1)!.text);
    if (now === undefined || long || sentence || token.start - end > PAUSE_SECONDS) {
      all.push([token]);
    } else now.push(token);
    // The span of a mark says nothing about pauses between words.
    end = Math.max(end, token.kind === 'word' ? token.end : token.start);
  }
  return all;
}

/** Puts a transcript in reading order: paragraphs of all voices by their start. */
export function read(transcript: Transcript): Reading {
  const groups = transcript.voices.flatMap((voice, number) =>
    paragraphsOf(tokensOf(voice, number)),
  );
  groups.sort((a, b) => a[0]!.start - b[0]!.start);
  const words = transcript.voices.map((voice) => new Int32Array(voice.words.length));
  const marks = transcript.voices.map((voice) => new Int32Array(voice.unclear.length));
  const tokens: Token[] = [];
  const paragraphs = groups.map((group): Paragraph => {
    const from = tokens.length;
    for (const token of group) {
      (token.kind === 'word' ? words : marks)[token.voice]![token.index] = tokens.length;
      tokens.push(token);
    }
    return { voice: group[0]!.voice, from, to: tokens.length };
  });
  return { tokens, paragraphs, words, marks };
}

/** Place of the word being said at `seconds`; the latest, if several voices speak. */
export function tokenAt(reading: Reading, seconds: number): number | null {
  let best: number | null = null;
  for (const places of reading.words) {
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reading.tokens[places[middle]!]!.start <= seconds) low = middle + 1;
      else high = middle;
    }
    if (low === 0) continue;
    const place = places[low - 1]!;
    const token = reading.tokens[place]!;
    if (token.end + LINGER_SECONDS <= seconds) continue;
    if (best === null || token.start > reading.tokens[best]!.start) best = place;
  }
  return best;
}

/** Everything to check: what was not understood first, then personal data by class and time. */
export function itemsOf(transcript: Transcript, reading: Reading): Item[] {
  const items = transcript.voices.flatMap((voice, number): Item[] => [
    ...voice.unclear.map((part, index): Item => {
      const mark = reading.marks[number]![index]!;
      let to = mark + 1;
      const inside = (): boolean => {
        const next = reading.tokens[to];
        return (
          next?.kind === 'word' &&
          next.voice === number &&
          next.start < part.end_seconds &&
          next.end > part.start_seconds
        );
      };
      while (inside()) to += 1;
      const { start_seconds: start, end_seconds: end, cause } = part;
      const of = { voice: number, kind: 'unclear' as const, index, class: null, cause };
      return { key: `u${number}-${index}`, ...of, start, end, from: mark, to };
    }),
    ...voice.personal.map((found, index): Item => {
      const places = reading.words[number]!;
      const from = places[found.first]!;
      const to = places[found.first + found.count - 1]! + 1;
      const { start_seconds: start, end_seconds: end } = found;
      const of = { voice: number, kind: 'personal' as const, index, cause: null };
      return { key: `p${number}-${index}`, ...of, class: found.class, start, end, from, to };
    }),
  ]);
  const rank = (item: Item): number => (item.class === null ? -1 : CLASS_ORDER.indexOf(item.class));
  return items.sort((a, b) => rank(a) - rank(b) || a.start - b.start);
}

// ---- finding words

/** A word for comparing: without case, punctuation and a possessive 's. */
export function normalized(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/['’]s$/, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

export const normalizedWords = (text: string): string[] =>
  text.split(/\s+/).flatMap((word) => normalized(word.replace(/[.,;:!?"”)\]]+$/, '')) || []);

/** The words of each voice for comparing, each with its place in `tokens`. */
export type WordIndex = readonly { texts: readonly string[]; places: readonly number[] }[];

export function wordIndex(reading: Reading, textOf: (place: number) => string): WordIndex {
  return reading.words.map((all) => {
    const texts: string[] = [];
    const places: number[] = [];
    for (const place of all)
      for (const text of normalizedWords(textOf(place))) {
        texts.push(text);
        places.push(place);
      }
    return { texts, places };
  });
}

/** Where the words of `query` are said in a row: ranges of tokens, in reading order. */
export function occurrences(index: WordIndex, query: readonly string[], prefix = false): Span[] {
  if (query.length === 0) return [];
  const last = query.length - 1;
  const found: Span[] = [];
  for (const { texts, places } of index) {
    for (let i = 0; i + last < texts.length; i += 1) {
      const same = query.every((word, n) =>
        prefix && n === last ? texts[i + n]!.startsWith(word) : texts[i + n] === word,
      );
      if (same) found.push([places[i]!, places[i + last]! + 1]);
    }
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Corrected words by their places in `tokens`. */
export function corrections(
  reading: Reading,
  words: readonly WordEdit[] | undefined,
): ReadonlyMap<number, string> {
  const known = new Map<number, string>();
  for (const { voice, word, text } of words ?? []) {
    const place = reading.words[voice]?.[word];
    if (place !== undefined) known.set(place, text);
  }
  return known;
}

/** Where each sound track has speech, and where it was not understood. Seconds. */
export function speechLanes(
  transcript: Transcript,
  soundTracks: number,
): { speech: Span[]; unclear: Span[] }[] {
  return Array.from({ length: soundTracks }, (_, track) => {
    const voices = transcript.voices.filter((voice) => voice.sound_tracks.includes(track));
    const words = voices.flatMap((v) => v.words.map(([start, end]): Span => [start, end]));
    const unclear = voices.flatMap((v) =>
      v.unclear.map((part): Span => [part.start_seconds, part.end_seconds]),
    );
    return { speech: joinSpans([...words, ...unclear], 0.5), unclear: joinSpans(unclear, 0) };
  });
}

/** Spans in order, those closer than `gap` as one. */
export function joinSpans(spans: readonly Span[], gap: number): Span[] {
  const all: Span[] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && start <= last[1] + gap) last[1] = Math.max(last[1], end);
    else all.push([start, end]);
  }
  return all;
}
