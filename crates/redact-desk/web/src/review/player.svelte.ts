// Playback: the requested frame, the displayed frame, and seeking.
//
// Seeking targets the middle of a frame, so that rounding never shows its neighbor. While the
// browser is seeking, only the latest request is remembered.
import type { FrameClock } from './clock';

const SPEEDS = [1, 2, 4, 8];

export class Player {
  /** The playhead. */
  frame = $state(0);
  /** The frame that the browser displays now. */
  shown = $state(0);
  playing = $state(false);
  /** Playback rate; negative: backward. */
  speed = $state(1);
  ready = $state(false);
  /** The speed of ordinary playback: 1, or slower. */
  pace = $state(1);
  /** Whether what is played starts again at its end. */
  loop = $state(false);
  /** The frames that are played, half-open; `null`: all. */
  range = $state.raw<{ start: number; end: number } | null>(null);
  #video: HTMLVideoElement | null = null;
  #clock: FrameClock;
  #wanted: number | null = null;
  #rewind: number | null = null;
  // What is played before playback stops by itself, in seconds; begun once a frame of it was shown.
  #span: { start: number; end: number; begun: boolean } | null = null;
  #callback = 0;

  constructor(clock: FrameClock) {
    this.#clock = clock;
  }

  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    const presented: VideoFrameRequestCallback = (_now, meta) => {
      this.shown = this.#clock.nearest(meta.mediaTime);
      if (this.playing) this.frame = this.shown;
      if (this.playing) this.#stopAtEnd(meta.mediaTime);
      if (this.playing) this.#stopAtRangeEnd();
      this.#callback = video.requestVideoFrameCallback(presented);
    };
    this.#callback = video.requestVideoFrameCallback(presented);
    const sought = (): void => this.#settle();
    const loaded = (): void => {
      this.ready = true;
      video.currentTime = this.#clock.middle(this.frame);
    };
    const ended = (): void => {
      if (this.#again()) return;
      this.pause();
      this.seek(this.#clock.frames - 1);
    };
    video.addEventListener('seeked', sought);
    video.addEventListener('loadeddata', loaded);
    video.addEventListener('ended', ended);
    return () => {
      this.pause();
      video.cancelVideoFrameCallback(this.#callback);
      video.removeEventListener('seeked', sought);
      video.removeEventListener('loadeddata', loaded);
      video.removeEventListener('ended', ended);
      this.#video = null;
    };
  }

  seek(frame: number): void {
    this.frame = this.#clock.clamp(frame);
    const video = this.#video;
    if (video === null) return;
    if (video.seeking) {
      this.#wanted = this.frame;
      return;
    }
    // A seek may just have ended: an older request must not follow it.
    this.#wanted = null;
    video.currentTime = this.#clock.middle(this.frame);
  }

  seekSeconds(seconds: number): void {
    this.seek(this.#clock.at(Math.max(0, seconds)));
  }

  step(frames: number): void {
    if (this.playing || this.#rewind !== null) this.pause();
    this.seek(this.frame + frames);
  }

  toggle(): void {
    if (this.moving) this.pause();
    else this.play(this.pace);
  }

  /** Changes the speed of ordinary playback, also of what plays now. */
  setPace(pace: number): void {
    this.pace = pace;
    if (!this.playing || this.#video === null) return;
    this.speed = pace;
    this.#video.playbackRate = pace;
  }

  /** Sets where a range starts or ends; the other end is that of the recording, if it must be. */
  mark(side: 'start' | 'end'): void {
    const all = { start: 0, end: this.#clock.frames };
    const now = this.range ?? all;
    const next = side === 'start' ? { ...now, start: this.frame } : { ...now, end: this.frame + 1 };
    const fits = next.start < next.end;
    this.range = fits ? next : side === 'start' ? { ...next, end: all.end } : { ...next, start: 0 };
  }

  get moving(): boolean {
    return this.playing || this.#rewind !== null;
  }

  /** Plays from `start` to `end`, in seconds, and stops there. */
  playSpan(start: number, end: number): void {
    if (this.moving) this.pause();
    this.seekSeconds(start);
    this.play(this.pace, true);
    this.#span = { start, end, begun: false };
  }

  play(speed: number, anywhere = false): void {
    this.#stopRewind();
    this.#span = null;
    const video = this.#video;
    if (video === null) return;
    const { start, end } = this.range ?? { start: 0, end: this.#clock.frames };
    const outside = this.frame >= end - 1 || this.frame < start;
    if (!anywhere && outside) this.seek(start);
    this.speed = speed;
    video.playbackRate = speed;
    this.playing = true;
    video.play().catch(() => this.pause());
  }

  pause(): void {
    this.#stopRewind();
    this.#span = null;
    const video = this.#video;
    if (this.playing && video !== null) {
      video.pause();
      this.playing = false;
      // The playhead moves to the displayed frame.
      this.seek(this.shown);
    }
    this.playing = false;
    this.speed = 1;
  }

  /** J and L: each press is faster; the other direction starts over. */
  shuttle(direction: 1 | -1): void {
    const now = this.moving ? this.speed : 0;
    const at = Math.sign(now) === direction ? SPEEDS.indexOf(Math.abs(now)) + 1 : 0;
    const speed = SPEEDS[Math.min(at, SPEEDS.length - 1)] ?? 1;
    if (direction === 1) this.play(speed);
    else this.#startRewind(speed);
  }

  /** Browsers do not play backward, so the playhead steps as fast as frames arrive. */
  #startRewind(speed: number): void {
    if (this.playing) this.pause();
    this.#stopRewind();
    this.speed = -speed;
    let last = performance.now();
    let at = this.#clock.start(this.frame);
    const tick = (now: number): void => {
      at -= ((now - last) / 1000) * speed;
      last = now;
      const frame = this.#clock.at(Math.max(0, at));
      if (frame !== this.frame) this.seek(frame);
      this.#rewind = at <= 0 ? null : requestAnimationFrame(tick);
      if (at <= 0) this.speed = 1;
    };
    this.#rewind = requestAnimationFrame(tick);
  }

  #stopRewind(): void {
    if (this.#rewind !== null) cancelAnimationFrame(this.#rewind);
    this.#rewind = null;
  }

  /** Frames from before the seek may still arrive, so only a span that was shown can end. */
  #stopAtEnd(seconds: number): void {
    const span = this.#span;
    if (span === null) return;
    if (seconds >= span.end && span.begun) {
      if (!this.#again()) this.pause();
    } else span.begun ||= seconds >= span.start - 0.1 && seconds < span.end;
  }

  /** Frames from before a seek may still arrive, so nothing ends during one. */
  #stopAtRangeEnd(): void {
    const { range } = this;
    if (range === null || this.#span !== null || this.#video?.seeking !== false) return;
    if (this.shown < range.end - 1) return;
    if (!this.#again()) this.pause();
  }

  /** Starts what is played again; `false` if it is not repeated. */
  #again(): boolean {
    if (!this.loop || !this.playing) return false;
    if (this.#span !== null) {
      this.#span.begun = false;
      this.seekSeconds(this.#span.start);
    } else this.seek(this.range?.start ?? 0);
    // After the last frame of the recording, the browser has stopped.
    this.#video?.play().catch(() => this.pause());
    return true;
  }

  #settle(): void {
    if (this.#wanted === null || this.#video === null) return;
    this.#video.currentTime = this.#clock.middle(this.#wanted);
    this.#wanted = null;
  }
}
