// The revisions of a review as a person reads them.
import type { Revision } from '../api/types';

const TOGETHER_MS = 10 * 60 * 1000;

/** The newest of each run of saves by one person, newest first; what was set aside is separate. */
export function grouped(revisions: readonly Revision[]): Revision[] {
  const rows: Revision[] = [];
  for (const revision of [...revisions].sort(
    (a, b) => b.at.localeCompare(a.at) || b.revision - a.revision,
  )) {
    const last = rows.at(-1);
    const joins =
      last !== undefined &&
      last.by === revision.by &&
      last.revision > 0 &&
      revision.revision > 0 &&
      Date.parse(last.at) - Date.parse(revision.at) < TOGETHER_MS;
    if (!joins) rows.push(revision);
  }
  return rows;
}
