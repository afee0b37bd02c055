// Frames and seconds of one recording, exact to the tick.
import type { Timeline } from '../api/types';

/** The start of each frame. Contains all frames in order; their durations may differ. */
export class FrameClock {
  readonly frames: number;
  readonly seconds: number;
  readonly #tick: number;
  // Per run: its first frame, the tick at which that begins, and the ticks of one frame.
  readonly #runs: { frame: number; tick: number; ticks: number; count: number }[] = [];

  constructor(timeline: Timeline) {
    this.#tick = timeline.num / timeline.den;
    let frame = 0;
    let tick = 0;
    for (const [count, ticks] of timeline.runs) {
      this.#runs.push({ frame, tick, ticks, count });
      frame += count;
      tick += count * ticks;
    }
    this.frames = timeline.frames;
    this.seconds = tick * this.#tick;
  }

  /** Second at which `frame` begins; of the frame after the last: the recording's length. */
  start(frame: number): number {
    const run = this.#last((r) => r.frame <= frame);
    return run === undefined ? 0 : (run.tick + (frame - run.frame) * run.ticks) * this.#tick;
  }

  /** The second in the middle of `frame`: a player asked for it shows this frame. */
  middle(frame: number): number {
    return (this.start(frame) + this.start(frame + 1)) / 2;
  }

  /** The frame shown at `seconds`, within the recording. */
  at(seconds: number): number {
    const ticks = seconds / this.#tick;
    const run = this.#last((r) => r.tick <= ticks);
    if (run === undefined) return 0;
    // Add a little, so that a start computed in floating point gives its own frame.
    const inside = Math.floor((ticks - run.tick) / Math.max(run.ticks, 1) + 1e-6);
    return this.clamp(run.frame + Math.min(inside, run.count - 1));
  }

  /** The frame whose start is nearest to `seconds`, as a player reports presented frames. */
  nearest(seconds: number): number {
    const frame = this.at(seconds);
    const next = this.clamp(frame + 1);
    return this.start(next) - seconds < seconds - this.start(frame) ? next : frame;
  }

  /**
   * The frame that a person names: `0:04.5` and `4.5` are times, `f120` and `#120` frames; `null`
   * if it is neither, or not in the recording.
   */
  named(text: string): number | null {
    const frame = /^(?:f|#|frame)\s*(\d+)$/i.exec(text.trim());
    if (frame !== null) return Number(frame[1]) < this.frames ? Number(frame[1]) : null;
    const time = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(text.trim());
    if (time === null) return null;
    const [hours, minutes] = [Number(time[1] ?? 0), Number(time[2] ?? 0)];
    const seconds = hours * 3600 + minutes * 60 + Number(time[3]!.replace(',', '.'));
    return seconds <= this.seconds ? this.at(seconds) : null;
  }

  /** `frame` as a whole number within the recording. */
  clamp(frame: number): number {
    return Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
  }

  #last(fits: (run: { frame: number; tick: number }) => boolean) {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(this.#runs[middle]!)) low = middle + 1;
      else high = middle;
    }
    return this.#runs[low - 1];
  }
}
