import { expect, test } from 'vitest';
import type { ReviewDocument } from '../../src/api/types';
import { decide, setPerson } from '../../src/review/edit';
import { History } from '../../src/review/history';
import { clashes, difference, overlay } from '../../src/review/overlay';
import { DOCUMENT, POLICY } from './scene';

const hide = (id: number): ((d: ReviewDocument) => ReviewDocument) =>
  decide(POLICY, (t) => t.id === id, 'redact');
const region = (id: string): ReviewDocument['drawn'][number] => ({
  id,
  effect: { kind: 'fill' },
  reason: 'privacy-face',
  start: 0,
  end: 5,
  keyframes: [[0, 0.1, 0.1, 0.2, 0.2]],
});

test('changes of others to other tracks come in, and mine stay', () => {
  const theirs = {
    ...hide(2)(DOCUMENT),
    drawn: [region('door')],
    acknowledged: ['plate' as const],
  };
  const mine = hide(1)(DOCUMENT);
  const changes = difference(DOCUMENT, theirs);
  expect(clashes(mine, changes)).toBe(false);
  const made = overlay(mine, changes);
  expect(made.tracks.map((t) => t.decision?.verdict)).toEqual(['redact', 'redact', undefined]);
  expect(made.drawn).toEqual([region('door')]);
  expect(made.acknowledged).toEqual(['plate']);
});

test('the same track changed by both is a clash, and mine stays', () => {
  const changes = difference(DOCUMENT, hide(1)(DOCUMENT));
  const mine = setPerson(new Set([1]), 'driver')(DOCUMENT);
  expect(clashes(mine, changes)).toBe(true);
  expect(overlay(mine, changes)).toEqual(mine);
  // The same change is none.
  expect(clashes(hide(1)(DOCUMENT), changes)).toBe(false);
});

test('what others removed goes, and their authors come', () => {
  const fewer = { ...DOCUMENT, tracks: DOCUMENT.tracks.slice(1) };
  expect(overlay(DOCUMENT, difference(DOCUMENT, fewer)).tracks).toHaveLength(2);
  const sent = hide(1)(DOCUMENT);
  const stored = structuredClone(sent);
  stored.tracks[0]!.decision!.by = 'Ada Okafor';
  const made = overlay(sent, difference(sent, stored));
  expect(made.tracks[0]?.decision?.by).toBe('Ada Okafor');
});

test('undo takes back my change and leaves theirs', () => {
  const history = new History(DOCUMENT);
  history.do('Hidden', hide(1));
  const changes = difference(DOCUMENT, hide(2)(DOCUMENT));
  history.adopt((document) => overlay(document, changes));
  history.undo();
  const verdicts = history.document.tracks.map((t) => t.decision?.verdict);
  expect(verdicts).toEqual([undefined, 'redact', undefined]);
});
