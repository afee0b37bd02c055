// The steps of the tour, and when each is done: decided by what happened, never by a click on Next.
import type { FullRequest, ReviewDocument } from '../api/types';

/** What of the open review the tour looks at. */
export interface DeskFacts {
  /** Frames played in a row. */
  played: number;
  /** Entries of the list to check first that were shown, of all. */
  seen: number;
  toCheck: number;
  document: ReviewDocument;
  /** Mutes of the policy, as `start-end` in nanoseconds. */
  policyMutes: ReadonlySet<string>;
  undecided: number;
  preview: boolean;
}

export interface TourFacts {
  /** Whether the practice request, its recording or its review is on the screen. */
  inside: boolean;
  request: FullRequest | null;
  desk: DeskFacts | null;
  scored: boolean;
}

export interface TourStep {
  key: string;
  title: string;
  /** What to do, with keys in backquotes. */
  text: string;
  done: (facts: TourFacts) => boolean;
}

/** How a mute is named among those of the policy. */
export const muteKey = (start: number, end: number): string =>
  `${Math.round(start / 1e6)}-${Math.round(end / 1e6)}`;

const verdicts = (facts: TourFacts, verdict: string): boolean =>
  facts.desk?.document.tracks.some(
    (track) => track.decision?.verdict === verdict && track.decision.reason !== '',
  ) === true;

/** Frames that have to be played: a second and a half. */
const PLAYED = 45;
/** Entries of the list to check first that have to be looked at, if there are so many. */
const SEEN = 3;

export const STEPS: readonly TourStep[] = [
  {
    key: 'open',
    title: 'Open your practice request',
    text: 'It is in the list of requests, marked “Practice”. Nobody else sees it.',
    done: (facts) => facts.inside,
  },
  {
    key: 'ready',
    title: 'Wait until the sample is prepared',
    text: 'The desk looks for faces, license plates, screens and speech. This takes about a minute.',
    done: (facts) => facts.request?.recordings.some((r) => r.state === 'ready') === true,
  },
  {
    key: 'review',
    title: 'Open its review',
    text: 'Press “Open” on the recording.',
    done: (facts) => facts.desk !== null,
  },
  {
    key: 'play',
    title: 'Play it',
    text: 'Press `Space` to play and pause. The boxes show what was found. Turn the sound on.',
    done: (facts) => (facts.desk?.played ?? 0) >= PLAYED,
  },
  {
    key: 'check',
    title: 'Go through the list to check',
    text: 'Press `N`: each press shows the next place where too little may be hidden, worst first.',
    done: ({ desk }) => desk !== null && desk.seen >= Math.min(SEEN, desk.toCheck),
  },
  {
    key: 'hide',
    title: 'Hide what was found',
    text: 'Press `U` for the next undecided track and `H` to hide it.',
    done: (facts) => verdicts(facts, 'redact'),
  },
  {
    key: 'keep',
    title: 'Keep something, with a reason',
    text: 'Select a track, press `V`, and choose under “Reason” why it may be seen. You can hide it again.',
    done: (facts) => verdicts(facts, 'keep'),
  },
  {
    key: 'region',
    title: 'Draw a region',
    text: 'Press `D` and drag over something, or use the arrow keys and `Enter`. Then choose its reason.',
    done: ({ desk }) => desk?.document.drawn.some((region) => region.reason !== '') === true,
  },
  {
    key: 'mute',
    title: 'Mute a part of the sound',
    text: 'Drag over the sound in the timeline, or press `[` at the start and `]` at the end.',
    done: ({ desk }) =>
      desk?.document.mutes.some(
        (mute) => !desk.policyMutes.has(muteKey(mute.start_seconds * 1e9, mute.end_seconds * 1e9)),
      ) === true,
  },
  {
    key: 'decide',
    title: 'Decide everything else',
    text: 'Hide, keep or reject until nothing is undecided. All is saved by itself.',
    done: ({ desk }) => desk?.undecided === 0,
  },
  {
    key: 'preview',
    title: 'Look at what the requester gets',
    text: 'Press `P` for the preview and play it.',
    done: ({ desk }) => desk?.preview === true,
  },
  {
    key: 'score',
    title: 'Score your review',
    text: 'Press “Score my review” below and look at what was missed.',
    done: (facts) => facts.scored,
  },
  {
    key: 'approve',
    title: 'Approve it',
    text: 'Press `Ctrl Enter`, look through the page, then press “Approve…” and enter your password. In real requests, an approver has to do this.',
    done: (facts) =>
      facts.request?.recordings.some((recording) =>
        recording.reviews.some((review) => review.approvals.length > 0),
      ) === true,
  },
  {
    key: 'render',
    title: 'Render the release',
    text: 'Press “Render release”.',
    done: (facts) => (facts.request?.releases.length ?? 0) > 0,
  },
  {
    key: 'verify',
    title: 'See that it is verified',
    text: 'Wait for “Verification passed”. A real release could now be handed over; this one stays here.',
    done: (facts) => facts.request?.releases.some((release) => release.state === 'ready') === true,
  },
];

/** The steps that are done: those that were, and those that are now. */
export function doneSteps(before: ReadonlySet<string>, facts: TourFacts): Set<string> {
  return new Set(
    STEPS.filter((step) => before.has(step.key) || step.done(facts)).map((step) => step.key),
  );
}

/** The step to do next; `null` at the end. */
export const nextStep = (done: ReadonlySet<string>): TourStep | null =>
  STEPS.find((step) => !done.has(step.key)) ?? null;
