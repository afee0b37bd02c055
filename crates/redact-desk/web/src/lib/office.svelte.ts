// The agency's settings, loaded once per day that a page stays open.
import { get } from '../api/client';
import type { Office } from '../api/types';

export const office = $state<{ value: Office | null }>({ value: null });

export async function loadOffice(): Promise<void> {
  office.value = await get<Office>('/office').catch(() => office.value);
}

/** Today in the agency's time zone. */
export const today = (): string => office.value?.today ?? new Date().toISOString().slice(0, 10);
