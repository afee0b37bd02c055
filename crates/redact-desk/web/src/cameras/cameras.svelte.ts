// The page with several cameras: one transport for all of them, and where each one is on the clock.
//
// The time is that of the camera whose sound is heard, while it plays; the others follow it. Where
// that camera has no picture, the computer's clock counts.
import { call, messageOf } from '../api/client';
import type { FullRequest, Recording, Timeline } from '../api/types';
import { toast } from '../lib/toast.svelte';
import { FrameClock } from '../review/clock';
import {
  frameAt,
  frameSeconds,
  micros,
  PANES_MAX,
  recordedStarts,
  spanOfAll,
  stepped,
  type OnClock,
} from './shared-clock';

/** How far a picture may be from the clock before it is sought again, and before it is corrected. */
const SEEK_BEYOND = 0.3;
const CORRECT_BEYOND = 0.04;
/** The speeds of J and L. */
const SPEEDS = [1, 2, 4, 8];
/** How long after a change the clock is saved. */
const SAVE_AFTER = 600;

/** One camera. */
export class Camera implements OnClock {
  readonly recording: Recording;
  readonly clock: FrameClock;
  starts = $state(0);
  /** Whether a person, or the desk before, placed it on the clock. */
  placed = $state(false);
  /** Seconds by which its picture is moved while it is aligned. */
  shift = $state(0);
  video: HTMLVideoElement | null = null;

  constructor(recording: Recording, timeline: Timeline) {
    this.recording = recording;
    this.clock = new FrameClock(timeline);
    this.starts = recording.on_clock_seconds ?? 0;
    this.placed = recording.on_clock_seconds !== null;
  }
}

export class Cameras {
  readonly all: Camera[];
  readonly request: FullRequest;
  /** The recordings of the cameras that are shown. */
  chosen = $state<string[]>([]);
  /** The second of the clock. */
  now = $state(0);
  playing = $state(false);
  /** Playback rate; negative: backward. */
  speed = $state(1);
  /** The speed of ordinary playback. */
  pace = $state(1);
  /** Whose sound is heard; `null`: nobody's. */
  heard = $state<string | null>(null);
  /** The camera that keys act on. */
  selected = $state(0);
  aligning = $state(false);
  saved = $state<'saved' | 'changed' | 'failed'>('saved');
  #tick: number | null = null;
  #last = 0;
  #saving: ReturnType<typeof setTimeout> | null = null;

  constructor(request: FullRequest, all: Camera[]) {
    this.request = request;
    this.all = all;
    this.chosen = all.slice(0, PANES_MAX).map((camera) => camera.recording.id);
    this.heard = this.chosen[0] ?? null;
    // Nobody placed any: what the files say is where to begin.
    const known = recordedStarts(all.map((camera) => camera.recording));
    if (known !== null && all.every((camera) => !camera.placed)) {
      all.forEach((camera, i) => (camera.starts = known[i]!));
    }
    this.now = this.span.start;
  }

  readonly shown = $derived.by(() =>
    this.chosen.flatMap((id) => this.all.filter((camera) => camera.recording.id === id)),
  );
  readonly span = $derived.by(() => spanOfAll(this.shown));
  get camera(): Camera | null {
    return this.shown[this.selected] ?? null;
  }
  get closed(): boolean {
    return this.request.stage === 'closed';
  }
  /** Where the files say that the recordings begin. */
  get recorded(): number[] | null {
    return recordedStarts(this.all.map((camera) => camera.recording));
  }

  frame(camera: Camera): number | null {
    return frameAt(camera, this.now + camera.shift);
  }

  attach(camera: Camera, video: HTMLVideoElement): () => void {
    camera.video = video;
    const place = (): void => this.#place(camera);
    video.addEventListener('loadeddata', place);
    return () => {
      video.removeEventListener('loadeddata', place);
      video.pause();
      camera.video = null;
    };
  }

  close(): void {
    this.pause();
    if (this.#saving !== null) void this.save();
  }

  // Transport.

  seek(seconds: number): void {
    if (this.aligning && this.camera !== null) {
      this.camera.shift += seconds - (this.now + this.camera.shift);
      this.#place(this.camera);
      return;
    }
    this.now = Math.max(this.span.start, Math.min(this.span.end - 1e-3, seconds));
    for (const camera of this.shown) this.#place(camera);
  }

  /** The second that the selected camera shows. */
  get at(): number {
    return this.now + (this.aligning ? (this.camera?.shift ?? 0) : 0);
  }

  step(frames: number): void {
    this.pause();
    const { camera } = this;
    if (camera === null) return;
    const here = frameAt(camera, this.at);
    // Beside the camera's own recording, a step is as long as its first frame.
    if (here === null) this.seek(this.at + frames * frameSeconds(camera, 0));
    else this.seek(stepped(camera, this.at, frames));
  }

  seconds(by: number): void {
    this.pause();
    this.seek(this.at + by);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play(this.pace);
  }

  play(speed: number): void {
    if (this.aligning) return;
    if (speed > 0 && this.now >= this.span.end - 0.05) this.now = this.span.start;
    this.speed = speed;
    this.playing = true;
    this.#last = performance.now();
    this.#tick ??= requestAnimationFrame((at) => this.#run(at));
  }

  pause(): void {
    if (this.#tick !== null) cancelAnimationFrame(this.#tick);
    this.#tick = null;
    const was = this.playing;
    this.playing = false;
    this.speed = 1;
    for (const camera of this.shown) camera.video?.pause();
    if (was) for (const camera of this.shown) this.#place(camera);
  }

  /** J and L: each press is faster; the other direction starts over. */
  shuttle(direction: 1 | -1): void {
    const now = this.playing ? this.speed : 0;
    const at = Math.sign(now) === direction ? SPEEDS.indexOf(Math.abs(now)) + 1 : 0;
    const speed = SPEEDS[Math.min(at, SPEEDS.length - 1)] ?? 1;
    this.play(direction * speed);
  }

  setPace(pace: number): void {
    this.pace = pace;
    if (this.playing && this.speed > 0) this.speed = pace;
  }

  #run(at: number): void {
    const passed = ((at - this.#last) / 1000) * this.speed;
    this.#last = at;
    const leader = this.#leader();
    this.now = leader === null ? this.now + passed : leader;
    if (this.now >= this.span.end || this.now <= this.span.start) {
      this.now = Math.max(this.span.start, Math.min(this.span.end - 1e-3, this.now));
      if (this.now > this.span.start || this.speed < 0) return this.pause();
    }
    for (const camera of this.shown) this.#follow(camera);
    this.#tick = requestAnimationFrame((next) => this.#run(next));
  }

  /** The second at which the camera is whose sound is heard, while it plays by itself. */
  #leader(): number | null {
    const camera = this.shown.find((one) => one.recording.id === this.heard);
    const video = camera?.video;
    if (!camera || !video || this.speed < 0 || video.paused || video.seeking) return null;
    const seconds = camera.starts + video.currentTime;
    // After a seek the old time may be reported for a moment.
    return Math.abs(seconds - this.now) < SEEK_BEYOND * Math.max(1, this.speed) ? seconds : null;
  }

  /** Keeps a playing picture with the clock. */
  #follow(camera: Camera): void {
    const { video } = camera;
    if (video === null) return;
    if (this.speed < 0) return this.#place(camera);
    const own = this.now - camera.starts;
    if (own < 0 || own >= camera.clock.seconds) {
      if (!video.paused) video.pause();
      return;
    }
    const late = own - video.currentTime;
    if (Math.abs(late) > SEEK_BEYOND * Math.max(1, this.speed) && !video.seeking) {
      video.currentTime = own;
    }
    const correct = camera.recording.id !== this.heard && Math.abs(late) > CORRECT_BEYOND;
    const rate = this.speed * (correct ? 1 + Math.max(-0.1, Math.min(0.1, late)) : 1);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (video.paused) void video.play().catch(() => undefined);
  }

  /** Shows the frame of the clock in one picture. */
  #place(camera: Camera): void {
    const { video } = camera;
    if (video === null || (this.playing && this.speed > 0) || video.seeking) {
      if (video?.seeking === true) {
        video.addEventListener('seeked', () => this.#place(camera), { once: true });
      }
      return;
    }
    const own = this.now + camera.shift - camera.starts;
    const frame = camera.clock.at(Math.max(0, Math.min(own, camera.clock.seconds)));
    const wanted = camera.clock.middle(frame);
    if (Math.abs(video.currentTime - wanted) > 1e-4) video.currentTime = wanted;
  }

  // Which cameras are shown and heard.

  toggleCamera(id: string): void {
    this.pause();
    if (this.chosen.includes(id)) {
      if (this.chosen.length > 1) this.chosen = this.chosen.filter((one) => one !== id);
    } else if (this.chosen.length < PANES_MAX) this.chosen = [...this.chosen, id];
    else toast(`Up to ${PANES_MAX} cameras can be shown. Clear one first.`);
    this.selected = Math.min(this.selected, this.chosen.length - 1);
    if (this.heard !== null && !this.chosen.includes(this.heard)) this.heard = null;
    this.seek(this.now);
  }

  select(at: number): void {
    if (this.aligning || at >= this.shown.length) return;
    this.selected = at;
  }

  hear(id: string | null): void {
    this.heard = id;
  }

  // Where the cameras are on the clock.

  place(camera: Camera, starts: number): void {
    if (this.closed) return void toast('The request is closed. Reopen it to move cameras.', 'bad');
    this.pause();
    camera.starts = micros(starts);
    camera.placed = true;
    this.#changed();
    this.seek(this.now);
  }

  /** Moves the selected camera by frames of its own. */
  nudge(frames: number): void {
    const { camera } = this;
    if (camera === null || this.aligning) return;
    const frame = this.frame(camera) ?? 0;
    this.place(camera, camera.starts + frames * frameSeconds(camera, frame));
  }

  /** Lets the transport move the selected camera alone. */
  startAligning(): void {
    if (this.closed) return void toast('The request is closed. Reopen it to move cameras.', 'bad');
    if (this.shown.length < 2 || this.camera === null) return;
    this.pause();
    this.aligning = true;
  }

  /** What the selected camera shows now is at the same moment as what the others show. */
  alignHere(): void {
    const { camera } = this;
    if (!this.aligning || camera === null) return;
    const { shift } = camera;
    this.aligning = false;
    camera.shift = 0;
    this.place(camera, camera.starts - shift);
  }

  cancelAligning(): void {
    const { camera } = this;
    if (!this.aligning || camera === null) return;
    this.aligning = false;
    camera.shift = 0;
    this.#place(camera);
  }

  useRecorded(): void {
    const known = this.recorded;
    if (known === null) return;
    this.all.forEach((camera, i) => this.place(camera, known[i]!));
  }

  #changed(): void {
    this.saved = 'changed';
    if (this.#saving !== null) clearTimeout(this.#saving);
    this.#saving = setTimeout(() => void this.save(), SAVE_AFTER);
  }

  async save(): Promise<void> {
    if (this.#saving !== null) clearTimeout(this.#saving);
    this.#saving = null;
    const cameras = this.all.map(({ recording, placed, starts }) => ({
      recording: recording.id,
      seconds: placed ? micros(starts) : null,
    }));
    try {
      await call('PUT', `/requests/${this.request.id}/cameras`, { cameras });
      if (this.#saving === null) this.saved = 'saved';
    } catch (error) {
      this.saved = 'failed';
      toast(messageOf(error), 'bad');
    }
  }
}
