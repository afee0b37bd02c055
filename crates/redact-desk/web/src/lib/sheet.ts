// Where a frame is placed in a square window, so that a box fills it.
import type { Rect } from '../api/types';

/** Percent of the window: the width of the frame, and its offsets. */
export interface Framed {
  width: number;
  left: number;
  top: number;
}

/** The frame's width to its height, where the picture's own size is not known. */
const SHAPE = 16 / 9;

/** The frame so that `rect` and half of it on each side are seen, at most eight times enlarged. */
export function framed(rect: Rect, shape = SHAPE): Framed {
  const [left, top, right, bottom] = rect;
  // In widths of the frame.
  const tall = (bottom - top) / shape;
  const wanted = Math.max(right - left, tall) * 2;
  const side = Math.min(1 / shape, Math.max(1 / 8, wanted));
  const scale = 1 / side;
  const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
  const x = clamp((left + right) / 2 - side / 2, 1 - side);
  const y = clamp((top + bottom) / 2 / shape - side / 2, 1 / shape - side);
  return { width: scale * 100, left: -x * scale * 100, top: -y * scale * 100 };
}
