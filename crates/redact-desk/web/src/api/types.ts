// Types of the API; see `API.md`. Times in a recording are seconds or frames since its first frame;
// ranges are half-open; rectangles are fractions of the picture.

import type { Class, DueRule, RequestDetails, RequesterKind } from './generated';

export type * from './generated';

export type Rect = [xMin: number, yMin: number, xMax: number, yMax: number];
export type KeyRow = [frame: number, xMin: number, yMin: number, xMax: number, yMax: number];

/** Margins of a box on its sides, in its own widths and heights. */
export type MarginRow = [frame: number, left: number, top: number, right: number, bottom: number];

export interface ApiErrorBody {
  error: { code: string; message: string; hint?: string; field?: string; details?: unknown };
}

export interface NewRequest {
  number: string;
  requester_kind: RequesterKind;
  requester?: string;
  jurisdiction: string;
  rule?: DueRule | null;
  received_on: string;
  due_on?: string | null;
  assignee?: string | null;
  note?: string;
  details?: RequestDetails;
}

export interface Media {
  width: number;
  height: number;
  frames: number;
  duration_seconds: number;
  container: string;
  video_codec: string;
  frame_rate: [number, number] | null;
  conversions: string[];
  audio: { codec: string; rate_hz: number; channels: number }[];
  /** Absent in what an earlier version prepared. */
  video_stream?: number;
  video_streams?: { index: number; codec: string }[];
  /** When the file says that it was recorded; absent if it does not say. */
  recorded_at?: string;
}

export interface Timeline {
  frames: number;
  num: number;
  den: number;
  runs: [count: number, ticks: number][];
}

/** Where a found track most likely hides too little. */
export interface Risk {
  track: number;
  class: Class;
  start: number;
  end: number;
  /** The frame to check first. Absent in what an earlier version prepared. */
  frame?: number;
  why: string;
  risk: number;
}
