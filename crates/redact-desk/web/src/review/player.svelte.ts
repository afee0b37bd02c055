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
      this.#callback = video.requestVideoFrameCallback(presented);
    };
    this.#callback = video.requestVideoFrameCallback(presented);
    const sought = (): void => this.#settle();
    const loaded = (): void => {
      this.ready = true;
      video.currentTime = this.#clock.middle(this.frame);
    };
    const ended = (): void => {
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
    else this.play(1);
  }

  get moving(): boolean {
    return this.playing || this.#rewind !== null;
  }

  /** Plays from `start` to `end`, in seconds, and stops there. */
  playSpan(start: number, end: number): void {
    if (this.moving) this.pause();
    this.seekSeconds(start);
    this.play(1);
    this.#span = { start, end, begun: false };
  }

  play(speed: number): void {
    this.#stopRewind();
    this.#span = null;
    const video = this.#video;
    if (video === null) return;
    if (this.frame >= this.#clock.frames - 1) this.seek(0);
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
    if (seconds >= span.end && span.begun) this.pause();
    else span.begun ||= seconds >= span.start - 0.1 && seconds < span.end;
  }

  #settle(): void {
    if (this.#wanted === null || this.#video === null) return;
    this.#video.currentTime = this.#clock.middle(this.#wanted);
    this.#wanted = null;
  }
}
