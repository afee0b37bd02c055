// Which parts of a recording were watched by whom.
import type { View } from '../api/types';

export type Span = [start: number, end: number];

export interface Watched {
  by: string;
  /** Seconds, ascending and apart. */
  spans: Span[];
  /** The share of the recording, 0 to 1. */
  share: number;
}

/** Spans joined where they overlap or touch. */
export function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && start <= last[1] + 0.05) last[1] = Math.max(last[1], end);
    else if (end > start) all.push([start, end]);
  }
  return all;
}

function share(spans: readonly Span[], seconds: number): number {
  const sum = spans.reduce((all, [start, end]) => all + Math.min(end, seconds) - start, 0);
  // The last frame counts: its end is rounded.
  return seconds <= 0 || sum >= seconds - 0.05 ? 1 : Math.max(0, sum / seconds);
}

/** What each person watched, the most first, over all their sessions. */
export function watchedBy(views: readonly View[], seconds: number): Watched[] {
  const by = new Map<string, Span[]>();
  for (const view of views) by.set(view.by, [...(by.get(view.by) ?? []), ...view.seconds]);
  return [...by]
    .map(([name, spans]) => {
      const all = joined(spans);
      return { by: name, spans: all, share: share(all, seconds) };
    })
    .sort((a, b) => b.share - a.share || a.by.localeCompare(b.by));
}

/** What nobody watched. */
export function unwatched(people: readonly Watched[], seconds: number): Span[] {
  const gaps: Span[] = [];
  let at = 0;
  for (const [start, end] of joined(people.flatMap((p) => p.spans))) {
    if (start > at + 0.05) gaps.push([at, start]);
    at = Math.max(at, end);
  }
  if (seconds > at + 0.05) gaps.push([at, seconds]);
  return gaps;
}

/** A share in percent. Only the whole recording is 100 %, and only nothing is 0 %. */
export function percent(part: number): string {
  if (part >= 1) return '100 %';
  if (part <= 0) return '0 %';
  return `${Math.min(99, Math.max(1, Math.round(part * 100)))} %`;
}
