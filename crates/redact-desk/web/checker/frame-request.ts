// Which time a player goes to for a frame, and whether what it then shows is that frame.
import type { FrameRequest } from './protocol';

/** Seconds by which browsers round times, and more. */
const ROUNDING = 0.0005;

/** Where to look at a frame of the ascending `times`: in its middle, so that no rounding matters. */
export function requestOf(times: Float64Array, frame: number): FrameRequest | null {
  const from = times[frame];
  if (from === undefined) return null;
  // The last frame is taken to last as long as the one before it.
  const before = times[frame - 1] ?? from - 0.02;
  const next = times[frame + 1] ?? from + (from - before);
  // Of two frames at one time a player shows one, and does not say which.
  return next > from && before < from ? { from, at: (from + next) / 2 } : null;
}

/**
 * Whether a player that says `mediaTime` shows the frame asked for: the time is that of the frame
 * or, in Firefox, the one that the player was sent to, where the frame began before it.
 */
export function isShown({ from, at }: FrameRequest, mediaTime: number): boolean {
  const slack = Math.min(ROUNDING, (at - from) / 2);
  return mediaTime >= from - slack && mediaTime <= at + slack;
}
