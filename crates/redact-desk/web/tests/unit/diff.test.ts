// What differs between two texts.
import { expect, test } from 'vitest';
import { changedLines, diffLines } from '../../src/lib/diff';

test('a changed line is a removed and an added one; the rest is the same', () => {
  const lines = diffLines('a\nb\nc', 'a\nx\nc');
  expect(lines.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'same a',
    'removed b',
    'added x',
    'same c',
  ]);
  expect(diffLines('a\nb', 'a\nb').every((line) => line.kind === 'same')).toBe(true);
});

test('only what is near a change is shown', () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const after = before.map((line, i) => (i === 10 ? 'changed' : line));
  const shown = changedLines(diffLines(before.join('\n'), after.join('\n')), 1);
  expect(shown.map((line) => line.text)).toEqual(['line 9', 'line 10', 'changed', 'line 11']);
  expect(changedLines(diffLines('a', 'a'))).toEqual([]);
});
