// What the page shows, for the title of the window: two windows can then be told apart.
import { route } from './router.svelte';

export const title = $state<{ path: string; name: string }>({ path: '', name: '' });

/** Names what the current page shows, e.g. a request's number. */
export function setTitle(name: string): void {
  title.path = route.path.join('/');
  title.name = name;
}
