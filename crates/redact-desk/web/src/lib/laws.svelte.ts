// Titles of the laws that set due dates, loaded once.
import { get } from '../api/client';
import type { Clock } from '../api/types';
import { may } from './session.svelte';

const laws = $state<{ titles: Record<string, string> | null }>({ titles: null });

export async function loadLaws(): Promise<void> {
  if (laws.titles !== null || !may('operator', 'approver', 'auditor')) return;
  const clocks = await get<Clock[]>('/clocks').catch(() => []);
  laws.titles = Object.fromEntries(clocks.map((c) => [c.key, c.title]));
}

/** The title of a law; other text is returned unchanged. */
export const lawText = (jurisdiction: string): string =>
  laws.titles?.[jurisdiction] ?? jurisdiction;
