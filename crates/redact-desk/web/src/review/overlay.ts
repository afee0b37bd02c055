// Changes of others, brought into a document without touching what was changed here.
import type { ReviewDocument } from '../api/types';
import { sameValue } from './edit';

/** Lists of a document, with what identifies an item. */
const LISTS: { [K in keyof ReviewDocument]?: (item: never) => string } = {
  tracks: (item: { id: number }) => String(item.id),
  drawn: (item: { id: string }) => item.id,
  mutes: (item: { id: string }) => item.id,
  kept_speech: (item: { start_nanos: number; end_nanos: number }) =>
    `${item.start_nanos}-${item.end_nanos}`,
  words: (item: { voice: number; word: number }) => `${item.voice}-${item.word}`,
  checked_items: (item: { voice: number; kind: string; item: number }) =>
    `${item.voice}-${item.kind}-${item.item}`,
  acknowledged: (item: string) => item,
};

type List = keyof ReviewDocument;

/** An item that differs between two documents; `undefined` where it is not there. */
interface Changed {
  was: unknown;
  theirs: unknown;
}

/** What differs between two documents, by list and item. */
export type Difference = ReadonlyMap<List, ReadonlyMap<string, Changed>>;

export function difference(before: ReviewDocument, after: ReviewDocument): Difference {
  const all = new Map<List, Map<string, Changed>>();
  for (const [name, key] of lists()) {
    const [old, there] = [byKey(before, name, key), byKey(after, name, key)];
    const changed = new Map<string, Changed>();
    for (const id of new Set([...old.keys(), ...there.keys()])) {
      const [was, theirs] = [old.get(id), there.get(id)];
      // Other authors count as well: undo has to know them.
      if (was !== theirs && JSON.stringify(was) !== JSON.stringify(theirs))
        changed.set(id, { was, theirs });
    }
    if (changed.size > 0) all.set(name, changed);
  }
  return all;
}

/** `document` with the changes of others. What was changed here too stays as it is here. */
export function overlay(document: ReviewDocument, changes: Difference): ReviewDocument {
  if (changes.size === 0) return document;
  const next = { ...document } as Record<string, unknown>;
  for (const [name, key] of lists()) {
    const changed = changes.get(name);
    if (changed === undefined) continue;
    const here = byKey(document, name, key);
    for (const [id, { was, theirs }] of changed) {
      const mine = here.get(id);
      if (!sameValue(mine, was) && !sameValue(mine, theirs)) continue;
      if (theirs === undefined) here.delete(id);
      else here.set(id, theirs);
    }
    next[name] = inOrder(name, [...here.values()]);
  }
  return next as unknown as ReviewDocument;
}

/** Whether something was changed both by others and in `document`, in different ways. */
export function clashes(document: ReviewDocument, changes: Difference): boolean {
  return lists().some(([name, key]) => {
    const here = byKey(document, name, key);
    return [...(changes.get(name) ?? [])].some(([id, { was, theirs }]) => {
      const mine = here.get(id);
      return !sameValue(mine, was) && !sameValue(mine, theirs) && !sameValue(was, theirs);
    });
  });
}

const lists = (): [List, (item: unknown) => string][] =>
  Object.entries(LISTS) as [List, (item: unknown) => string][];

const byKey = (
  from: ReviewDocument,
  name: List,
  key: (item: unknown) => string,
): Map<string, unknown> =>
  new Map(((from[name] ?? []) as unknown[]).map((item) => [key(item), item]));

/** The order that the server requires. */
function inOrder(name: List, items: unknown[]): unknown[] {
  const by =
    <T>(...keys: ((item: T) => number | string)[]) =>
    (a: unknown, b: unknown): number => {
      for (const key of keys) {
        const [x, y] = [key(a as T), key(b as T)];
        if (x !== y) return x < y ? -1 : 1;
      }
      return 0;
    };
  switch (name) {
    case 'tracks':
      return items.sort(by<{ id: number }>((t) => t.id));
    case 'mutes':
      return items.sort(by<{ start_seconds: number }>((m) => m.start_seconds));
    case 'kept_speech':
      return items.sort(by<{ start_nanos: number }>((k) => k.start_nanos));
    case 'words':
      return items.sort(
        by<{ voice: number; word: number }>(
          (w) => w.voice,
          (w) => w.word,
        ),
      );
    case 'checked_items':
      return items.sort(
        by<{ voice: number; kind: string; item: number }>(
          (c) => c.voice,
          (c) => (c.kind === 'unclear' ? 0 : 1),
          (c) => c.item,
        ),
      );
    case 'acknowledged':
      return items.sort();
    default:
      return items;
  }
}
