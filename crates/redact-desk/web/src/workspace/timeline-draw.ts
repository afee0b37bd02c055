// Draws the timeline: ruler, sound with mutes and speech, and one lane per track. Only what is in
// view is drawn, so that an hour with 500 tracks scrolls as smoothly as a minute with five.
import type { Drawn, FoundTrack, Mute, ReviewTrack } from '../api/types';
import { clockText, trackName } from '../lib/format';
import { spanOf } from '../review/boxes';
import { regionName } from '../review/regions';
import type { FrameClock } from '../review/clock';
import { stateOf } from '../review/select';

export type Lane = { kind: 'track'; track: ReviewTrack } | { kind: 'drawn'; region: Drawn };

export interface SpokenWord {
  /** Place in the transcript. */
  place: number;
  start: number;
  text: string;
}

export interface SpeechLane {
  speech: readonly (readonly [number, number])[];
  unclear: readonly (readonly [number, number])[];
}

/** Sizes in CSS pixels, from the page's root font. */
export interface Metrics {
  gutter: number; // names, at the left
  ruler: number;
  sound: number;
  lane: number;
  font: number;
}

export interface Scene {
  width: number;
  height: number;
  left: number; // how far it is scrolled, CSS pixels
  top: number;
  scale: number; // CSS pixels per second
  metrics: Metrics;
  clock: FrameClock;
  frame: number;
  lanes: readonly Lane[];
  mutes: readonly Mute[];
  speech: readonly [number, number][];
  undecided: readonly [number, number][]; // speech, nanoseconds
  waves: readonly Int8Array[]; // pairs of lowest and highest, 100 a second
  gain: number; // by which sound is drawn larger
  /** Words of each voice in order, with the sound tracks that carry them. */
  voices: readonly { tracks: readonly number[]; words: readonly SpokenWord[] }[];
  isMuted: (place: number) => boolean;
  /** Of each sound track, in seconds; empty without a transcript. */
  speechLanes: readonly SpeechLane[];
  chosen: readonly [number, number] | null; // selected words, seconds
  found: ReadonlyMap<number, FoundTrack>;
  selectedTracks: ReadonlySet<number>;
  selectedId: string | null; // of a region or a mute
  muteIn: number | null;
  rubber: [number, number] | null; // a mute being drawn, seconds
  colors: Record<ColorName, string>;
}

const COLORS = [
  'surface',
  'surface-2',
  'line',
  'line-strong',
  'text',
  'muted',
  'accent',
  'face',
  'plate',
  'screen',
  'vehicle',
  'drawn',
  'mute',
  'speech',
  'warn',
] as const;
export type ColorName = (typeof COLORS)[number];

export function readColors(element: Element): Record<ColorName, string> {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    COLORS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Record<ColorName, string>;
}

/** `soundLanes`: how many sound tracks have room for words; 0: none does. */
export function metricsOf(root: number, soundLanes = 0): Metrics {
  return {
    gutter: Math.round(root * 8),
    ruler: Math.max(24, Math.round(root * 1.5)), // The buttons in it are targets of 24 pixels.
    sound: Math.round(root * Math.max(3, Math.min(4, soundLanes) * 3)),
    lane: Math.round(root * 1.3),
    font: Math.round(root * 0.86),
  };
}

export const xOf = (scene: Scene, seconds: number): number =>
  scene.metrics.gutter + seconds * scene.scale - scene.left;

export const secondsAt = (scene: Scene, x: number): number =>
  (x - scene.metrics.gutter + scene.left) / scene.scale;

export function paint(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, metrics, colors } = scene;
  canvas.clearRect(0, 0, width, height);
  canvas.fillStyle = colors.surface;
  canvas.fillRect(0, 0, width, height);
  canvas.font = `500 ${metrics.font}px 'Inter Variable', system-ui, sans-serif`;
  canvas.textBaseline = 'middle';
  lanes(canvas, scene);
  canvas.fillStyle = colors.surface;
  canvas.fillRect(0, 0, width, metrics.ruler + metrics.sound);
  sound(canvas, scene);
  ruler(canvas, scene);
  playhead(canvas, scene);
  gutter(canvas, scene);
}

function ruler(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { width, metrics, colors, scale } = scene;
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200];
  const step = steps.find((s) => s * scale >= metrics.font * 6.5) ?? 1800;
  canvas.fillStyle = colors['surface-2'];
  canvas.fillRect(0, 0, width, metrics.ruler);
  canvas.fillStyle = colors.muted;
  canvas.strokeStyle = colors.line;
  canvas.beginPath();
  const first = Math.max(0, Math.floor(secondsAt(scene, metrics.gutter) / step));
  for (let i = first; ; i += 1) {
    const x = Math.round(xOf(scene, i * step)) + 0.5;
    if (x > width || i * step > scene.clock.seconds) break;
    canvas.moveTo(x, metrics.ruler - 5);
    canvas.lineTo(x, metrics.ruler);
    const label = clockText(i * step, step < 1 ? 1 : 0);
    if (x + 4 + metrics.font * 3 < width) canvas.fillText(label, x + 4, metrics.ruler / 2);
  }
  canvas.stroke();
}

function sound(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { metrics, colors, waves, width } = scene;
  const top = metrics.ruler;
  const each = metrics.sound / Math.max(1, waves.length);
  waves.forEach((wave, i) => drawWave(canvas, scene, wave, top + each * i, each));
  if (scene.speechLanes.length === 0) {
    canvas.fillStyle = colors.speech;
    for (const span of scene.speech) underline(canvas, scene, span, top + metrics.sound - 4);
  }
  scene.speechLanes.forEach((lane, i) => {
    const y = Math.round(top + each * (i + 1)) - 4;
    canvas.fillStyle = colors.speech;
    for (const span of lane.speech) underline(canvas, scene, span, y);
    canvas.fillStyle = colors.warn;
    for (const span of lane.unclear) underline(canvas, scene, span, y);
    canvas.fillStyle = colors.line;
    if (i > 0) canvas.fillRect(metrics.gutter, Math.round(top + each * i), width, 1);
  });
  canvas.fillStyle = colors.warn;
  for (const [start, end] of scene.undecided) {
    const a = Math.max(metrics.gutter, xOf(scene, start / 1e9));
    const b = Math.min(width, xOf(scene, Math.min(scene.clock.seconds, end / 1e9)));
    if (b > a) canvas.fillRect(a, top + metrics.sound - 5, Math.max(2, b - a), 4);
  }
  for (const mute of scene.mutes) {
    mutedSpan(canvas, scene, mute.start_seconds, mute.end_seconds, mute.id === scene.selectedId);
  }
  spokenWords(canvas, scene, each);
  if (scene.chosen !== null) {
    const a = Math.max(metrics.gutter, xOf(scene, scene.chosen[0]));
    const b = xOf(scene, scene.chosen[1]);
    canvas.strokeStyle = colors.accent;
    canvas.lineWidth = 2;
    if (b > a) canvas.strokeRect(a, top + 1, Math.max(2, b - a), metrics.sound - 3);
    canvas.lineWidth = 1;
  }
  if (scene.rubber !== null) {
    mutedSpan(canvas, scene, Math.min(...scene.rubber), Math.max(...scene.rubber), true);
  }
  if (scene.muteIn !== null) {
    canvas.fillStyle = colors.mute;
    canvas.fillRect(xOf(scene, scene.muteIn), top, 2, metrics.sound);
  }
  canvas.fillStyle = colors.line;
  canvas.fillRect(0, top + metrics.sound - 1, width, 1);
}

function underline(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  [start, end]: readonly [number, number],
  y: number,
): void {
  const a = Math.max(scene.metrics.gutter, xOf(scene, start));
  const b = Math.min(scene.width, xOf(scene, end));
  if (b > a) canvas.fillRect(a, y, Math.max(1, b - a), 3);
}

/** Below this many pixels per second, words would be too close to read. */
const WORDS_SCALE = 70;

/** The words over the sound of their tracks, where they have room. */
function spokenWords(canvas: CanvasRenderingContext2D, scene: Scene, each: number): void {
  const { metrics, colors, width } = scene;
  if (scene.scale < WORDS_SCALE || each < metrics.font * 1.6) return;
  const from = secondsAt(scene, metrics.gutter) - 5;
  canvas.save();
  canvas.beginPath();
  canvas.rect(metrics.gutter, metrics.ruler, width, metrics.sound);
  canvas.clip();
  for (const { tracks, words } of scene.voices) {
    let after = -Infinity;
    for (let i = firstFrom(words, from); i < words.length; i += 1) {
      const word = words[i]!;
      const x = xOf(scene, word.start);
      if (x > width) break;
      if (x < after) continue;
      const long = canvas.measureText(word.text).width;
      const muted = scene.isMuted(word.place);
      after = x + long + 4;
      for (const track of tracks) {
        const y = metrics.ruler + each * track + metrics.font * 0.85;
        canvas.fillStyle = colors.surface;
        canvas.globalAlpha = 0.8;
        canvas.fillRect(x - 1, y - metrics.font * 0.65, long + 3, metrics.font * 1.3);
        canvas.globalAlpha = 1;
        canvas.fillStyle = muted ? colors.muted : colors.text;
        canvas.fillText(word.text, x + 1, y);
        if (muted) canvas.fillRect(x, y, long + 2, 1);
      }
    }
  }
  canvas.restore();
}

/** Place of the first word that starts at or after `seconds`. */
function firstFrom(words: readonly SpokenWord[], seconds: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.start < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mutedSpan(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  start: number,
  end: number,
  selected: boolean,
): void {
  const { metrics, colors, width } = scene;
  const a = Math.max(metrics.gutter - 2, xOf(scene, start));
  const b = Math.min(width + 2, xOf(scene, end));
  if (b <= a) return;
  canvas.globalAlpha = selected ? 0.42 : 0.26;
  canvas.fillStyle = colors.mute;
  canvas.fillRect(a, metrics.ruler, b - a, metrics.sound - 1);
  canvas.globalAlpha = 1;
  canvas.fillRect(a, metrics.ruler, b - a, 3);
  if (selected) {
    canvas.fillRect(a, metrics.ruler, 2, metrics.sound - 1);
    canvas.fillRect(b - 2, metrics.ruler, 2, metrics.sound - 1);
  }
}

function drawWave(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  wave: Int8Array,
  top: number,
  height: number,
): void {
  const { metrics, colors, width } = scene;
  const middle = top + height / 2;
  const pairs = wave.length / 2;
  canvas.fillStyle = colors['line-strong'];
  const perPixel = 100 / scene.scale;
  for (let x = metrics.gutter; x < width; x += 1) {
    const from = Math.floor(secondsAt(scene, x) * 100);
    if (from >= pairs) break;
    const to = Math.min(pairs, Math.max(from + 1, Math.ceil(from + perPixel)));
    let low = 0;
    let high = 0;
    for (let i = Math.max(0, from); i < to; i += 1) {
      low = Math.min(low, wave[i * 2]!);
      high = Math.max(high, wave[i * 2 + 1]!);
    }
    const most = height / 2 - 3;
    const up = Math.min(1, (high / 127) * scene.gain) * most;
    const down = Math.min(1, (-low / 127) * scene.gain) * most;
    canvas.fillRect(x, middle - up, 1, Math.max(1, up + down));
  }
}

function lanes(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { metrics, colors, height, width, top } = scene;
  const first = metrics.ruler + metrics.sound;
  const from = Math.max(0, Math.floor(top / metrics.lane));
  const to = Math.min(scene.lanes.length, Math.ceil((top + height - first) / metrics.lane));
  for (let i = from; i < to; i += 1) {
    const lane = scene.lanes[i]!;
    const y = first + i * metrics.lane - top;
    if (isSelected(scene, lane)) {
      canvas.globalAlpha = 0.14;
      canvas.fillStyle = colors.accent;
      canvas.fillRect(0, y, width, metrics.lane);
      canvas.globalAlpha = 1;
    }
    bar(canvas, scene, lane, y);
    lostSpans(canvas, scene, lane, y);
    canvas.fillStyle = colors.line;
    canvas.fillRect(0, y + metrics.lane - 1, width, 1);
  }
}

function bar(canvas: CanvasRenderingContext2D, scene: Scene, lane: Lane, y: number): void {
  const { metrics, colors, clock, width } = scene;
  const span = lane.kind === 'track' ? spanOf(lane.track) : lane.region;
  const a = xOf(scene, clock.start(span.start));
  const b = Math.max(a + 3, xOf(scene, clock.start(span.end)));
  if (b < metrics.gutter || a > width) return;
  const [barTop, barHeight] = [y + 3, metrics.lane - 7];
  const color = lane.kind === 'track' ? colors[lane.track.class] : colors.drawn;
  const state = lane.kind === 'track' ? stateOf(lane.track) : 'hidden';
  const left = Math.max(a, metrics.gutter - 4);
  const long = Math.min(b, width + 4) - left;
  canvas.fillStyle = color;
  canvas.strokeStyle = color;
  if (state === 'hidden') {
    canvas.fillRect(left, barTop, long, barHeight);
  } else if (state === 'kept') {
    canvas.lineWidth = 1.5;
    canvas.setLineDash([5, 3]);
    canvas.strokeRect(left + 0.75, barTop + 0.75, Math.max(1, long - 1.5), barHeight - 1.5);
    canvas.setLineDash([]);
  } else if (state === 'rejected') {
    canvas.globalAlpha = 0.6;
    canvas.fillRect(left, barTop + barHeight / 2 - 1, long, 2);
    canvas.globalAlpha = 1;
  } else {
    canvas.globalAlpha = 0.35;
    canvas.fillRect(left, barTop, long, barHeight);
    canvas.globalAlpha = 1;
    canvas.lineWidth = 1;
    canvas.strokeRect(left + 0.5, barTop + 0.5, Math.max(1, long - 1), barHeight - 1);
  }
  canvas.lineWidth = 1;
  if (lane.kind === 'drawn') keyframes(canvas, scene, lane.region, y);
}

/** Frames in which following lost the object: an outline in the color of what is open. */
function lostSpans(canvas: CanvasRenderingContext2D, scene: Scene, lane: Lane, y: number): void {
  if (lane.kind === 'track') return;
  const { metrics, colors, clock, width } = scene;
  canvas.strokeStyle = colors.warn;
  canvas.lineWidth = 2;
  canvas.setLineDash([3, 3]);
  for (const [start, end] of lane.region.lost ?? []) {
    const a = Math.max(metrics.gutter, xOf(scene, clock.start(start)));
    const b = Math.min(width, xOf(scene, clock.start(end)));
    if (b > a) canvas.strokeRect(a + 1, y + 4, Math.max(2, b - a - 2), metrics.lane - 9);
  }
  canvas.setLineDash([]);
  canvas.lineWidth = 1;
}

function keyframes(canvas: CanvasRenderingContext2D, scene: Scene, region: Drawn, y: number): void {
  const { metrics, colors, clock, width } = scene;
  if (region.keyframes.length * 4 > width) return; // Followed: a mark in every frame would say nothing.
  canvas.fillStyle = colors.surface;
  for (const [frame] of region.keyframes) {
    const x = xOf(scene, clock.start(frame));
    if (x > metrics.gutter && x < width) canvas.fillRect(x - 1, y + 5, 3, metrics.lane - 11);
  }
}

function playhead(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { metrics, colors, height } = scene;
  const x = Math.round(xOf(scene, scene.clock.start(scene.frame)));
  if (x < metrics.gutter) return;
  canvas.fillStyle = colors.accent;
  canvas.fillRect(x, 0, 2, height);
  canvas.beginPath();
  canvas.moveTo(x - 5, 0);
  canvas.lineTo(x + 7, 0);
  canvas.lineTo(x + 1, 8);
  canvas.fill();
}

/** Lane names, drawn over the scrolled lanes. */
function gutter(canvas: CanvasRenderingContext2D, scene: Scene): void {
  const { metrics, colors, height, top } = scene;
  const first = metrics.ruler + metrics.sound;
  canvas.fillStyle = colors.surface;
  canvas.fillRect(0, 0, metrics.gutter, height);
  canvas.save();
  canvas.beginPath();
  canvas.rect(0, first, metrics.gutter - 2, height);
  canvas.clip();
  const from = Math.max(0, Math.floor(top / metrics.lane));
  const to = Math.min(scene.lanes.length, Math.ceil((top + height - first) / metrics.lane));
  for (let i = from; i < to; i += 1) laneName(canvas, scene, i, first);
  canvas.restore();
  canvas.fillStyle = colors['surface-2'];
  canvas.fillRect(0, 0, metrics.gutter, metrics.ruler);
  canvas.fillStyle = colors.muted;
  canvas.fillText('Sound', metrics.font * 0.9, metrics.ruler + metrics.sound / 2);
  canvas.fillStyle = colors.line;
  canvas.fillRect(metrics.gutter - 1, 0, 1, height);
  canvas.fillRect(0, first - 1, metrics.gutter, 1);
}

function laneName(canvas: CanvasRenderingContext2D, scene: Scene, i: number, first: number): void {
  const { metrics, colors, top } = scene;
  const lane = scene.lanes[i]!;
  const y = first + i * metrics.lane - top;
  if (isSelected(scene, lane)) {
    canvas.globalAlpha = 0.14;
    canvas.fillStyle = colors.accent;
    canvas.fillRect(0, y, metrics.gutter, metrics.lane);
    canvas.globalAlpha = 1;
  }
  canvas.fillStyle = lane.kind === 'track' ? colors[lane.track.class] : colors.drawn;
  canvas.fillRect(metrics.font * 0.9, y + metrics.lane / 2 - 4, 7, 7);
  canvas.fillStyle = colors.text;
  const name =
    lane.kind === 'drawn' ? regionName(lane.region) : (lane.track.person ?? trackName(lane.track));
  const room = metrics.gutter - metrics.font * 2.4 - 14;
  canvas.fillText(shortened(canvas, name, room), metrics.font * 0.9 + 14, y + metrics.lane / 2);
  const open =
    lane.kind === 'track'
      ? lane.track.decision === null
      : lane.region.reason === '' || (lane.region.lost ?? []).length > 0;
  if (open) {
    canvas.fillStyle = colors.warn;
    canvas.fillText('?', metrics.gutter - metrics.font * 1.2, y + metrics.lane / 2);
  }
}

/** A name, shortened to fit. */
function shortened(canvas: CanvasRenderingContext2D, name: string, room: number): string {
  if (canvas.measureText(name).width <= room) return name;
  let length = name.length - 1;
  while (length > 1 && canvas.measureText(`${name.slice(0, length)}…`).width > room) length -= 1;
  return `${name.slice(0, length)}…`;
}

function isSelected(scene: Scene, lane: Lane): boolean {
  return lane.kind === 'track'
    ? scene.selectedTracks.has(lane.track.id)
    : lane.region.id === scene.selectedId;
}
