import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../src/api/client';
import type { ReviewDocument, Saved } from '../../src/api/types';
import { Autosave, type SaveState } from '../../src/review/autosave';
import { decide, setPerson } from '../../src/review/edit';
import { DOCUMENT, POLICY } from './scene';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ONE = decide(POLICY, (t) => t.id === 1, 'redact')(DOCUMENT);
const TWO = setPerson(new Set([1]), 'driver')(ONE);
const away = (): Promise<Saved> => Promise.reject(new ApiError(0, 'unreachable', 'gone'));

function start(send: (base: number, document: ReviewDocument) => Promise<Saved>) {
  const states: SaveState['kind'][] = [];
  let draft: ReviewDocument | null = null;
  const autosave = new Autosave(7, {
    send,
    drafts: { keep: (_base, document) => (draft = document), drop: () => (draft = null) },
    tell: (state) => states.push(state.kind),
    saved: () => undefined,
  });
  return { autosave, states, draft: () => draft };
}
const saved = (revision: number): Promise<Saved> =>
  Promise.resolve({ revision, saved_at: '', state: 'in_review', merged: null });

test('changes in quick succession are one save of the last', async () => {
  const send = vi.fn((base: number) => saved(base + 1));
  const { autosave, draft } = start(send);
  autosave.change(ONE);
  autosave.change(TWO);
  expect(draft()).toBe(TWO);
  await vi.advanceTimersByTimeAsync(600);
  expect(send).toHaveBeenCalledExactlyOnceWith(7, TWO);
  expect(autosave.revision).toBe(8);
  expect(draft()).toBeNull();
});

test('a change during a save is saved after it, on the new revision', async () => {
  let finish: (value: Saved) => void = () => undefined;
  const send = vi.fn((base: number, _document: ReviewDocument): Promise<Saved> =>
    base === 7 ? new Promise((done) => (finish = done)) : saved(base + 1),
  );
  const { autosave } = start(send);
  autosave.change(ONE);
  await vi.advanceTimersByTimeAsync(600);
  autosave.change(TWO);
  finish(await saved(8));
  await vi.advanceTimersByTimeAsync(1000);
  expect(send).toHaveBeenLastCalledWith(8, TWO);
  expect(autosave.dirty).toBe(false);
});

test('while the server is away it keeps trying, and the draft stays', async () => {
  let up = false;
  const send = vi.fn((base: number) => (up ? saved(base + 1) : away()));
  const { autosave, states, draft } = start(send);
  autosave.change(ONE);
  await vi.advanceTimersByTimeAsync(5000);
  expect(states.at(-1)).toBe('offline');
  expect(send.mock.calls.length).toBeGreaterThan(1);
  expect(draft()).toBe(ONE);
  expect(await autosave.flush()).toBe(false);
  up = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect(states.at(-1)).toBe('saved');
  expect(draft()).toBeNull();
});

test("a colleague's newer revision stops saving until the person chose", async () => {
  const details = { revision: 9, by: 'Ben', at: '' };
  const conflict = new ApiError(409, 'newer_revision', '', null, null, details);
  const send = vi.fn((base: number) => (base === 7 ? Promise.reject(conflict) : saved(base + 1)));
  const { autosave, states, draft } = start(send);
  autosave.change(ONE);
  await vi.advanceTimersByTimeAsync(600);
  expect(states.at(-1)).toBe('conflict');
  autosave.change(TWO);
  await vi.advanceTimersByTimeAsync(9000);
  expect(send).toHaveBeenCalledTimes(1);
  expect(draft()).toBe(TWO);
  autosave.rebase(9, TWO);
  await vi.advanceTimersByTimeAsync(100);
  expect(send).toHaveBeenLastCalledWith(9, TWO);
});

test('flush saves at once', async () => {
  const send = vi.fn((base: number) => saved(base + 1));
  const { autosave } = start(send);
  autosave.change(ONE);
  expect(await autosave.flush()).toBe(true);
  expect(send).toHaveBeenCalledTimes(1);
});
