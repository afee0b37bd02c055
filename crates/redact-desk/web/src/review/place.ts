// Where a person is in a review, stored in this browser, so that it survives a reload.
import type { Class } from '../api/types';
import { store, stored } from '../lib/storage';
import type { Filter, Order, Selection } from './select';

/** Prefix of the keys in the browser's storage. */
export const PLACES = 'redact.place.';

export interface Place {
  frame: number;
  tab: number;
  filter: Filter;
  class: Class | 'all';
  order: Order;
  selection: Selection;
  /** Keys of what was shown of the list to check first. */
  seen: string[];
}

/** A selection as text: sets of numbers are lists. */
type Plain = Exclude<Selection, { kind: 'tracks' }> | { kind: 'tracks'; ids: number[] };

const KINDS: readonly Selection['kind'][] = [
  'none',
  'tracks',
  'drawn',
  'mute',
  'speech',
  'words',
  'item',
];
const FILTERS: readonly Filter[] = ['all', 'undecided', 'hidden', 'kept', 'rejected'];
const ORDERS: readonly Order[] = ['time', 'risk', 'class', 'person'];
const OF: readonly Place['class'][] = ['all', 'face', 'plate', 'screen', 'vehicle'];

export function storePlace(review: string, place: Place): void {
  const { selection } = place;
  const plain: Plain =
    selection.kind === 'tracks' ? { kind: 'tracks', ids: [...selection.ids] } : selection;
  store(PLACES + review, JSON.stringify({ ...place, selection: plain }));
}

/** The stored place; `null` if there is none, or another version wrote it. */
export function storedPlace(review: string): Place | null {
  const text = stored(PLACES + review);
  return text === null ? null : readPlace(text);
}

/** Reads a place; `null` if it is not one. */
export function readPlace(text: string): Place | null {
  try {
    const place = JSON.parse(text) as Omit<Place, 'selection'> & { selection: Plain };
    const fits =
      Number.isInteger(place.frame) &&
      Number.isInteger(place.tab) &&
      place.tab >= 0 &&
      place.tab <= 3 &&
      FILTERS.includes(place.filter) &&
      ORDERS.includes(place.order) &&
      OF.includes(place.class) &&
      KINDS.includes(place.selection.kind) &&
      Array.isArray(place.seen);
    if (!fits) return null;
    const { selection } = place;
    return {
      ...place,
      selection:
        selection.kind === 'tracks' ? { kind: 'tracks', ids: new Set(selection.ids) } : selection,
    };
  } catch {
    return null;
  }
}
