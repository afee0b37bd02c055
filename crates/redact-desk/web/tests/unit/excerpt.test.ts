// Times of an excerpt as people type them, and what is refused before the server is asked.
import { expect, test } from 'vitest';
import { excerptText, parseTime, readSpans, timeText } from '../../src/lib/excerpt';

const typed = (...spans: [string, string][]) => spans.map(([from, to], key) => ({ key, from, to }));

test('times are read as people type them', () => {
  const times: [string, number | null][] = [
    ['12:30', 750],
    ['1:02:30.5', 3750.5],
    ['750', 750],
    [' 0:01.04 ', 1.04],
    ['', null],
    ['12:60', null],
    ['1:60:00', null],
    ['12.', null],
    ['-5', null],
    ['1e3', null],
    ['5s', null],
  ];
  for (const [text, seconds] of times) expect(parseTime(text), text).toBe(seconds);
});

test('a time from the player is never later than its frame', () => {
  for (const seconds of [0, 1 / 30, 12.033_333_333, 3599.999_9]) {
    const read = parseTime(timeText(seconds));
    expect(read).not.toBeNull();
    expect(read!).toBeLessThanOrEqual(seconds);
    expect(seconds - read!).toBeLessThan(0.001);
  }
});

test('spans are put in order, and what overlaps or lies outside is refused', () => {
  const { spans, problem } = readSpans(typed(['0:30', '0:40'], ['0:10', '0:20']), 60);
  expect(problem).toBeNull();
  expect(spans.map((s) => s.start_seconds)).toEqual([10, 30]);
  const refused: [string, ReturnType<typeof typed>][] = [
    ['Add at least one', []],
    ['needs a start and an end', typed(['0:10', ''])],
    ['Span 2 ends before', typed(['0:10', '0:20'], ['0:30', '0:30'])],
    ['beyond the end', typed(['1:00', '1:01'])],
    ['beyond the end', typed(['0:50', '1:02'])],
    ['overlap', typed(['0:10', '0:20'], ['0:15', '0:30'])],
  ];
  for (const [text, spans] of refused) expect(readSpans(spans, 60).problem).toContain(text);
  expect(readSpans(typed(['0:50', '1:00.5']), 60).problem).toBeNull();
});

test('an excerpt is named by its spans', () => {
  const span = (start_seconds: number) => ({ start_seconds, end_seconds: start_seconds + 1 });
  const of = (...starts: number[]) =>
    excerptText({ spans: starts.map(span), reason: 'not-requested', by: 'Ada' });
  expect(of(5)).toBe('Excerpt: 0:05.00 to 0:06.00');
  expect(of(5, 7, 9)).toBe('Excerpt: 3 spans');
});
