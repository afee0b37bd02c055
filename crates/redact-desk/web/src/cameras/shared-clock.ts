// Several recordings of one incident on one clock. A second of the clock is a second of the
// incident; each recording begins somewhere on it.
import type { Recording } from '../api/types';
import type { FrameClock } from '../review/clock';

/** How many recordings are shown side by side. */
export const PANES_MAX = 4;

/** A recording on the clock. */
export interface OnClock {
  clock: FrameClock;
  /** The second of the clock at which its first frame is. */
  starts: number;
}

/** From the first frame of the first recording to the last frame of the last one, in seconds. */
export function spanOfAll(all: readonly OnClock[]): { start: number; end: number } {
  const start = Math.min(...all.map((one) => one.starts));
  const end = Math.max(...all.map((one) => one.starts + one.clock.seconds));
  return all.length === 0 ? { start: 0, end: 0 } : { start, end };
}

/** The frame of a recording at a second of the clock; `null` before it begins and after its end. */
export function frameAt(one: OnClock, seconds: number): number | null {
  const own = seconds - one.starts;
  // Seconds are sums of floating-point numbers: the start of a frame is that frame.
  if (own < -1e-6 || own >= one.clock.seconds) return null;
  return one.clock.at(Math.max(0, own));
}

/** The second of the clock in the middle of the frame that is `by` frames from the one shown. */
export function stepped(one: OnClock, seconds: number, by: number): number {
  const frame = one.clock.at(Math.max(0, seconds - one.starts));
  return one.starts + one.clock.middle(one.clock.clamp(frame + by));
}

/** How long one frame lasts where the recording is shown. */
export function frameSeconds({ clock }: OnClock, frame: number): number {
  return clock.start(frame + 1) - clock.start(frame);
}

/** Where the files say that each recording begins, from the first; `null` if one does not say. */
export function recordedStarts(recordings: readonly Recording[]): number[] | null {
  const at = recordings.map((r) => Date.parse(r.media?.recorded_at ?? ''));
  if (recordings.length < 2 || at.some(Number.isNaN)) return null;
  const first = Math.min(...at);
  return at.map((time) => (time - first) / 1000);
}

/** A typed time on the clock: `12.5`, `-3`, `1:02.5`; `null` if it is invalid. */
export function readSeconds(text: string): number | null {
  const found = /^([-−+]?)(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(text.trim());
  if (found === null) return null;
  const [hours, minutes] = [Number(found[2] ?? 0), Number(found[3] ?? 0)];
  const seconds = hours * 3600 + minutes * 60 + Number(found[4]!.replace(',', '.'));
  return found[1] === '-' || found[1] === '−' ? -seconds : seconds;
}

/** Rounded to the microsecond, as the desk stores it. */
export const micros = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;
