// Data of a page, loaded when it opens and again after change notifications.
import { messageOf } from '../api/client';
import { changes } from '../api/stream';
import type { Change } from '../api/types';

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  error = $state<string | null>(null);
  #fetch: () => Promise<T>;
  #turn = 0;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  async load(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const value = await this.#fetch();
      if (turn !== this.#turn) return; // A later response counts.
      this.value = value;
      this.error = null;
    } catch (error) {
      if (turn === this.#turn) this.error = messageOf(error);
    }
  }
}

/** Loads now and after each relevant change, at most twice a second. */
export function loadAndFollow(
  load: () => Promise<void>,
  concerns: (change: Change) => boolean,
): () => void {
  void load();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const stop = changes((change) => {
    if (change !== 'reconnected' && !concerns(change)) return;
    timer ??= setTimeout(() => {
      timer = null;
      void load();
    }, 500);
  });
  return () => {
    stop();
    if (timer !== null) clearTimeout(timer);
  };
}
