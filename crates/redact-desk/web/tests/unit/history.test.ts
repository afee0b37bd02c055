import { expect, test } from 'vitest';
import { decide, setPerson } from '../../src/review/edit';
import { History } from '../../src/review/history';
import { DOCUMENT, POLICY } from './scene';

const hide = decide(POLICY, (t) => t.id === 1, 'redact');
const keep = decide(POLICY, (t) => t.id === 1, 'keep');

test('undo and redo go through every step, and back to the very same document', () => {
  const history = new History(DOCUMENT);
  history.do('hidden', hide);
  const hidden = history.document;
  history.do('kept', keep);
  expect(history.undo()).toBe('kept');
  expect(history.document).toBe(hidden);
  expect(history.undo()).toBe('hidden');
  expect(history.document).toBe(DOCUMENT);
  expect(history.undo()).toBeNull();
  expect(history.redo()).toBe('hidden');
  expect(history.redo()).toBe('kept');
  expect(history.redo()).toBeNull();
});

test('a change after an undo forgets what was undone', () => {
  const history = new History(DOCUMENT);
  history.do('hidden', hide);
  history.undo();
  history.do('named', setPerson(new Set([1]), 'driver'));
  expect(history.redoLabel).toBeNull();
});

test('what changes nothing is no step', () => {
  const history = new History(DOCUMENT);
  history.do('hidden', hide);
  expect(history.do('hidden again', hide)).toBe(false);
  expect(history.undoLabel).toBe('hidden');
});

test('of moves that begin anew the last one alone counts', () => {
  const history = new History(DOCUMENT);
  const add = (label: string): void => {
    const edit = (document: typeof DOCUMENT): typeof DOCUMENT => ({
      ...document,
      drawn: [
        ...document.drawn,
        { id: label, effect: { kind: 'fill' }, reason: 'r', start: 0, end: 1, keyframes: [] },
      ],
    });
    history.do('added', edit, 'drag', { fromStepStart: true });
  };
  add('a');
  add('b');
  expect(history.document.drawn.map((d) => d.id)).toEqual(['b']);
  history.settle();
  add('c');
  expect(history.document.drawn.map((d) => d.id)).toEqual(['b', 'c']);
  history.undo();
  history.undo();
  expect(history.document).toBe(DOCUMENT);
});

test('all moves of one drag are one step, and two drags are two', () => {
  const history = new History(DOCUMENT);
  const name = (label: string): void => {
    history.do('named', setPerson(new Set([1]), label), 'drag');
  };
  name('a');
  name('b');
  history.settle();
  name('c');
  history.undo();
  expect(history.document.tracks[0]!.person).toBe('b');
  history.undo();
  expect(history.document).toBe(DOCUMENT);
});

test('steps are joined for a second, however long the keys are pressed', () => {
  const history = new History(DOCUMENT);
  const name = (to: number): void => {
    const edit = setPerson(new Set([1]), `person ${to}`);
    history.do('Moved', edit, 'move', { within: 1000, now: [0, 0, 400, 1000, 1001][to]! });
  };
  for (const to of [1, 2, 3, 4]) name(to);
  history.undo();
  expect(history.document.tracks[0]!.person).toBe('person 3');
  history.undo();
  expect(history.document).toBe(DOCUMENT);
});
