// Excerpts: times as people type them, and what is wrong with a list of spans.
import type { Excerpt, ExcerptSpan } from '../api/types';
import { clockText, many } from './format';

/** The reason for leaving out what nobody asked for, besides those of the policy. */
export const NOT_REQUESTED = 'not-requested';

/** A span as it is typed. */
export interface TypedSpan {
  key: number;
  from: string;
  to: string;
}

/** Seconds of `HH:MM:SS`, `MM:SS` or seconds, with decimals; `null` for anything else. */
export function parseTime(text: string): number | null {
  const match = /^(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,9}(?:\.\d{1,9})?)$/.exec(text.trim());
  if (match === null) return null;
  const [, hours, minutes, rest] = match;
  const seconds = Number(rest);
  if (minutes !== undefined && seconds >= 60) return null;
  if (hours !== undefined && Number(minutes) >= 60) return null;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + seconds;
}

/** A time as it is typed, to the millisecond and never later than `seconds`. */
export const timeText = (seconds: number): string => clockText(seconds, 3);

/** The spans in order of time, or what is wrong with them. */
export function readSpans(
  typed: readonly TypedSpan[],
  duration: number,
): { spans: ExcerptSpan[]; problem: string | null } {
  const spans: ExcerptSpan[] = [];
  const wrong = (problem: string): { spans: ExcerptSpan[]; problem: string } => ({
    spans: [],
    problem,
  });
  for (const [i, span] of typed.entries()) {
    const name = typed.length === 1 ? 'The span' : `Span ${i + 1}`;
    const [start, end] = [parseTime(span.from), parseTime(span.to)];
    if (start === null || end === null) {
      return wrong(`${name} needs a start and an end, such as 12:30 or 1:02:30.5.`);
    }
    if (end <= start) return wrong(`${name} ends before it starts.`);
    // Players round up the length, by as much as the server allows.
    if (start >= duration || end > duration + 1) {
      return wrong(`${name} is beyond the end of the recording, ${timeText(duration)}.`);
    }
    spans.push({ start_seconds: start, end_seconds: end });
  }
  if (spans.length === 0) return wrong('Add at least one span.');
  spans.sort((a, b) => a.start_seconds - b.start_seconds);
  const late = spans.find((span, i) => span.start_seconds < (spans[i - 1]?.end_seconds ?? 0));
  if (late !== undefined) {
    return wrong(`Two spans overlap at ${timeText(late.start_seconds)}.`);
  }
  return { spans, problem: null };
}

/** The seconds that spans show. */
export const shownSeconds = (spans: readonly ExcerptSpan[]): number =>
  spans.reduce((sum, span) => sum + span.end_seconds - span.start_seconds, 0);

export const spanOf = (span: ExcerptSpan): string =>
  `${clockText(span.start_seconds)} to ${clockText(span.end_seconds)}`;

/** `Excerpt: 2 spans`, with their times if there are few. */
export function excerptText(excerpt: Excerpt): string {
  const { spans } = excerpt;
  return spans.length <= 2
    ? `Excerpt: ${spans.map(spanOf).join(', ')}`
    : `Excerpt: ${many(spans.length, 'span')}`;
}
