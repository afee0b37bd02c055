// The practice request of the user, and what the tour remembers of it in this browser.
import { call, get, messageOf, post } from '../api/client';
import type { FullRequest, Practice, Score } from '../api/types';
import type { ReviewSession } from '../review/review-session.svelte';
import { Loaded } from './load.svelte';
import { go } from './router.svelte';
import { may, session } from './session.svelte';
import { store, stored } from './storage';
import { toast } from './toast.svelte';

class PracticeState {
  /** The id of the practice request; `null` without one. */
  request = $state<string | null>(null);
  /** The review of it that is open in this window. */
  desk = $state.raw<ReviewSession | null>(null);
  /** Whether the tour is shown. */
  open = $state(false);
  done = $state.raw<ReadonlySet<string>>(new Set());
  score = $state.raw<Score | null>(null);
  /** A frame to show once its review is open. */
  frame = $state<number | null>(null);
  readonly whole = new Loaded<FullRequest>(() => get(`/requests/${this.request ?? ''}`));
}

export const practice = new PracticeState();

const key = (): string => `redact.tour.${session.me?.id ?? ''}`;

interface Remembered {
  request: string;
  open: boolean;
  done: string[];
}

function take(request: string | null): void {
  practice.request = request;
  const text = stored(key());
  const known = text === null ? null : (JSON.parse(text) as Remembered);
  const same = known !== null && known.request === request;
  practice.open = same && known.open;
  practice.done = new Set(same ? known.done : []);
  if (request === null) practice.whole.value = null;
}

export function remember(): void {
  const { request, open, done } = practice;
  store(key(), request === null ? null : JSON.stringify({ request, open, done: [...done] }));
}

/** Asks which practice request there is, as the tour may go on from another day. */
export async function findPractice(): Promise<void> {
  if (!may('operator', 'approver')) return;
  try {
    take((await get<Practice>('/practice')).request);
  } catch {
    // The tour is shown once the desk answers.
  }
}

/** Makes the practice request, unless there is one, and shows it with the tour. */
export async function startPractice(): Promise<void> {
  try {
    take((await post<Practice>('/practice')).request);
    practice.open = true;
    remember();
    if (practice.request !== null) go('request', practice.request);
  } catch (cause) {
    toast(messageOf(cause), 'bad');
  }
}

/** Removes the practice request with everything in it. */
export async function removePractice(): Promise<void> {
  await call<void>('DELETE', '/practice');
  take(null);
  practice.score = null;
  remember();
  toast('Practice request removed.', 'ok');
  go('queue');
}

/** Scores the newest saved revision of a review. */
export async function scoreReview(review: string): Promise<void> {
  try {
    await practice.desk?.flush();
    practice.score = await get<Score>(`/practice/reviews/${review}/score`);
  } catch (cause) {
    toast(messageOf(cause), 'bad');
  }
}

/** Shows a frame of the review, and opens it if it is not open. */
export function showFrame(review: string, frame: number): void {
  practice.score = null;
  practice.frame = frame;
  if (practice.desk === null || practice.desk.review.id !== review) go('review', review);
}
