// The manual, loaded once per window.
import { get } from '../api/client';
import type { Manual } from '../api/types';
import { Loaded } from './load.svelte';

export const manual = new Loaded<Manual>(() => get('/manual'));

let asked = false;

/** Loads it unless it is there or on its way. */
export function wantManual(): void {
  if (asked && manual.error === null) return;
  asked = true;
  void manual.load();
}
