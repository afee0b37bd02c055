// Made-up transcripts for the desk in memory.
import type * as api from '../../src/api/types';
import type { FakeDesk } from './fake-desk';

type WordRow = [number, number, number, string];

/** Words one after the other from `start` on, each `step` seconds long. */
export function sentence(text: string, start: number, step = 0.3): WordRow[] {
  return text.split(' ').map((word, i): WordRow => {
    const at = Math.round((start + i * step) * 1000) / 1000;
    return [at, Math.round((at + step - 0.02) * 1000) / 1000, 0.9, word];
  });
}

function personal(
  words: readonly WordRow[],
  of: api.PersonalClass,
  first: number,
  count: number,
): api.PersonalData {
  const [start_seconds, end_seconds] = [words[first]![0], words[first + count - 1]![1]];
  return { class: of, first, count, start_seconds, end_seconds };
}

/** Ten seconds: an officer on the first sound track, a dispatcher on the second. */
export function demoTranscript(): api.Transcript {
  const officer = [
    ...sentence('My name is Jordan Smith, and I live at 12 Oak Street.', 0.4),
    ...sentence('Call me: 555 0142. Yes, Jordan.', 6.1),
  ];
  const dispatcher = sentence('Unit four, copy.', 4.6);
  return {
    language: 'en',
    voices: [
      {
        sound_tracks: [0],
        words: officer,
        unclear: [{ start_seconds: 9.1, end_seconds: 9.8, cause: 'no-words' }],
        personal: [
          personal(officer, 'person-name', 3, 2),
          personal(officer, 'street-address', 9, 3),
          personal(officer, 'phone-number', 14, 2),
          personal(officer, 'person-name', 17, 1),
        ],
      },
      {
        sound_tracks: [1],
        words: dispatcher,
        unclear: [{ start_seconds: 4.9, end_seconds: 5.5, cause: 'doubtful' }],
        personal: [],
      },
    ],
  };
}

/** How long a word takes, in seconds. */
const WORD = 0.27;
const TALK =
  'so I was going down the road and then the light turned red and I stopped right there before ' +
  'the line. I did not see anybody on the other side, it was already dark and it had been raining.';

/** A transcript of `seconds` in which the words of `spoken` are personal data, evenly spread. */
function long(seconds: number, spoken: readonly [api.PersonalClass, string][]): api.Transcript {
  const words: WordRow[] = [];
  const items: api.PersonalData[] = [];
  const talk = TALK.split(' ');
  const every = seconds / spoken.length;
  let [at, next, n] = [0.2, 0, 0];
  while (at < seconds - 3) {
    const item = spoken[next];
    if (item !== undefined && at > every * (next + 0.4)) {
      const first = words.length;
      words.push(...sentence(item[1], at));
      items.push(personal(words, item[0], first, words.length - first));
      at = words.at(-1)![1] + 0.02;
      next += 1;
      continue;
    }
    words.push(...sentence(talk[n % talk.length]!, at, WORD));
    at = Math.round((at + WORD) * 1000) / 1000;
    n += 1;
    // A pause at the end of each sentence.
    if (/\.$/.test(words.at(-1)![3])) at += 1.6;
  }
  return {
    language: 'en',
    voices: [{ sound_tracks: [0, 1], words, unclear: [], personal: items }],
  };
}

const SPOKEN: readonly [api.PersonalClass, string][] = [
  ['person-name', 'Jordan Smith'],
  ['phone-number', '555 0142'],
  ['street-address', '12 Oak Street'],
  ['date-of-birth', 'March third eighty four'],
  ['license-plate', 'Adam Boy Charles one two three'],
  ['work-or-school', 'Hill Valley High School'],
];

/** Ten minutes: 16 items, and four stretches that were not understood. */
export function tenMinutesTranscript(): api.Transcript {
  const made = long(
    600,
    Array.from({ length: 16 }, (_, i) => SPOKEN[i % SPOKEN.length]!),
  );
  const voice = made.voices[0]!;
  voice.unclear = [60, 180, 330, 470].map((at) => {
    const word = voice.words.find(([start]) => start >= at)!;
    return { start_seconds: word[0], end_seconds: word[0] + 2.4, cause: 'doubtful' };
  });
  return made;
}

/** Four hours with 40,000 words and 2,000 items. */
export function hoursTranscript(): api.Transcript {
  const made = long(
    4 * 3600,
    Array.from({ length: 2000 }, (_, i) => SPOKEN[i % SPOKEN.length]!),
  );
  return made;
}

/** The padding of the sample's policy, in seconds. */
export const PADDING = 0.25;

/** A review that begins as the server begins one by a policy for personal data. */
export function muteByPolicy(fake: FakeDesk, transcript: api.Transcript): void {
  const { review } = fake;
  const { policy } = review;
  const spans = transcript.voices.flatMap((voice) => [...voice.unclear, ...voice.personal]);
  spans.sort((a, b) => a.start_seconds - b.start_seconds);
  const reason = 'privacy-speech';
  const padded = spans.map((s): [number, number] => [
    Math.round((s.start_seconds - PADDING) * 1000) / 1000,
    Math.round((s.end_seconds + PADDING) * 1000) / 1000,
  ]);
  fake.transcript = transcript;
  fake.review = {
    ...review,
    policy: {
      ...policy,
      audio: { ...policy.audio, mute: 'personal', personal: [{ class: 'person-name', reason }] },
    },
    policy_mutes: padded.map(([start, end]) => ({
      start_nanos: Math.round(start * 1e9),
      end_nanos: Math.round(end * 1e9),
      reason,
    })),
    document: {
      ...review.document,
      mutes: padded.map(([start_seconds, end_seconds], i) => ({
        id: `speech-${i + 1}`,
        start_seconds,
        end_seconds,
        sound_tracks: 'all',
        style: 'silence',
        reason,
      })),
    },
  };
}
