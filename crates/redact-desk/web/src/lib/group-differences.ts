// Equal differences of several tracks as one row.
import type { Class, TrackDifference } from '../api/types';
import { classesText, classText } from './format';

export interface DifferenceRow {
  what: string;
  here: string;
  there: string;
}

/** `1 to 3, 7`: numbers with runs. */
export function runsText(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number === run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs
    .map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a} to ${b}`))
    .join(', ');
}

/** Tracks of one class that differ in the same way are one row, the largest groups first. */
export function groupDifferences(tracks: readonly TrackDifference[]): DifferenceRow[] {
  const groups = new Map<string, { of: Class; here: string; there: string; ids: number[] }>();
  for (const { track, class: of, here, there } of tracks) {
    const key = JSON.stringify([of, here, there]);
    const group = groups.get(key) ?? { of, here, there, ids: [] };
    group.ids.push(track);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => b.ids.length - a.ids.length)
    .map(({ of, here, there, ids }) => ({
      what: `${ids.length === 1 ? classText[of] : classesText[of]} ${runsText(ids)}`,
      here,
      there,
    }));
}
