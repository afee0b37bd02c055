// Where declared masks lie in a frame, for the eye: what is judged is judged elsewhere.
import type { MaskItem } from './protocol';

export type Box = [left: number, top: number, right: number, bottom: number];

/** The frame that is shown at `seconds`: the last that begins at or just behind it. */
export function frameAt(times: Float64Array, seconds: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= seconds + 0.001) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Fractions of the picture, or nothing where the mask is not in `frame`. */
export function boxAt(mask: MaskItem, frame: number): Box | null {
  if (frame < mask.frames[0] || frame >= mask.frames[1]) return null;
  const after = mask.geometry.findIndex((row) => row[0] > frame);
  const next = after < 0 ? mask.geometry.at(-1) : mask.geometry[after];
  const before = mask.geometry[after - 1] ?? next;
  if (next === undefined || before === undefined) return null;
  const length = next[0] - before[0];
  const part = after < 0 || length === 0 ? (after < 0 ? 1 : 0) : (frame - before[0]) / length;
  const side = (at: 1 | 2 | 3 | 4): number => before[at] + (next[at] - before[at]) * part;
  return [side(1), side(2), side(3), side(4)];
}

/** Draws the outline of every mask of `frame`, with its number, onto a picture's canvas. */
export function drawOutlines(canvas: HTMLCanvasElement, masks: MaskItem[], frame: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.lineWidth = Math.max(2, width / 480);
  context.font = `bold ${Math.max(14, width / 60)}px sans-serif`;
  for (const mask of masks) {
    const box = boxAt(mask, frame);
    if (box === null) continue;
    const [left, top, right, bottom] = box;
    context.strokeStyle = '#ffd400';
    context.strokeRect(left * width, top * height, (right - left) * width, (bottom - top) * height);
    context.fillStyle = '#ffd400';
    context.fillText(String(mask.item), left * width + 4, top * height + Math.max(14, width / 60));
  }
}
