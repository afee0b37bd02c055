// Read options as text, and frame rates as typed.
import type { ReadOptions } from '../api/types';

/** Read as the file says. */
export const AS_FILE: ReadOptions = {
  video_stream: null,
  turn_degrees: 0,
  frame_rate: null,
  mask_damage: false,
};

export const turnText: Record<number, string> = {
  0: 'Not turned',
  90: '90° clockwise',
  180: '180°',
  270: '90° counterclockwise',
};

/** Short forms of common fractional rates. */
const SHORT: Record<string, [number, number]> = {
  '23.976': [24_000, 1001],
  '23.98': [24_000, 1001],
  '29.97': [30_000, 1001],
  '59.94': [60_000, 1001],
};

/** Reads `25`, `29.97` or `30000/1001`; null for anything else, or outside 0.1 to 1000. */
export function parseRate(text: string): [number, number] | null {
  const short = SHORT[text.trim()];
  if (short !== undefined) return short;
  const match = /^(\d{1,7})(?:\.(\d{1,3})|\/(\d{1,7}))?$/.exec(text.trim());
  if (match === null) return null;
  const [, whole = '', part, below] = match;
  const rate: [number, number] =
    below !== undefined
      ? [Number(whole), Number(below)]
      : part !== undefined
        ? [Number(whole) * 1000 + Number(part.padEnd(3, '0')), 1000]
        : [Number(whole), 1];
  const value = rate[0] / rate[1];
  return value >= 0.1 && value <= 1000 ? rate : null;
}

export function rateText([num, den]: [number, number]): string {
  const short = Object.entries(SHORT).findLast(([, rate]) => rate[0] === num && rate[1] === den);
  if (short !== undefined) return short[0];
  return den === 1 ? String(num) : 1000 % den === 0 ? String(num / den) : `${num}/${den}`;
}

/** The options that are set, as text. */
export function optionsText(options: ReadOptions): string {
  return [
    options.video_stream === null ? '' : `video stream ${options.video_stream}`,
    options.turn_degrees === 0 ? '' : `turned ${turnText[options.turn_degrees]}`,
    options.frame_rate === null ? '' : `${rateText(options.frame_rate)} frames per second`,
    options.mask_damage ? 'damaged parts hidden' : '',
  ]
    .filter(Boolean)
    .join(', ');
}
