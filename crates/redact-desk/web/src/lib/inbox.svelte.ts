// What waits for the user, for the page and for the number beside its name.
import { get } from '../api/client';
import type { InboxItem } from '../api/types';
import { Loaded, loadAndFollow } from './load.svelte';

export const inbox = new Loaded<InboxItem[]>(() => get('/inbox'));

/** Loads it now and after changes, until the returned function is called. */
export const followInbox = (): (() => void) =>
  loadAndFollow(
    () => inbox.load(),
    (change) => change.kind !== 'job',
  );
