// How long recordings stay, as sentences.
import type {
  Category,
  CountedFrom,
  DisposalState,
  RetainedRecording,
  RetentionCounts,
  RetentionState,
} from '../api/types';
import { categoryText } from './clock';
import { dayText } from './format';

export const retentionStateText: Record<RetentionState, string> = {
  overdue: 'Disposal overdue',
  must_go: 'Disposal required',
  may_go: 'Eligible for disposal',
  decide: 'Agency decides',
  no_category: 'No category',
  stays: 'Must be retained',
  never: 'Permanent',
};

export const retentionTone: Record<RetentionState, string> = {
  overdue: 'bad',
  must_go: 'warn',
  may_go: 'accent',
  decide: 'accent',
  no_category: 'warn',
  stays: '',
  never: '',
};

export const disposalText: Record<DisposalState, string> = {
  proposed: 'Awaiting second person',
  refused: 'Refused',
  removing: 'Being removed',
  done: 'Disposed of',
};

export const disposalTone: Record<DisposalState, string> = {
  proposed: 'warn',
  refused: '',
  removing: 'warn',
  done: 'ok',
};

export const countedText: Record<CountedFrom, string> = {
  person: 'entered',
  file: 'from the file',
  added: 'the day it was added',
};

/** Categories to choose from: that somebody asked for a recording to stay is recorded apart. */
export const categories: [Category, string][] = Object.entries(categoryText).filter(
  ([key]) => key !== 'requested',
) as [Category, string][];

/** What the list can be narrowed to, in its order. */
export const shows: [keyof RetentionCounts, string][] = [
  ['overdue', 'Disposal overdue'],
  ['must_go', 'Disposal required'],
  ['may_go', 'Eligible for disposal'],
  ['decide', 'Agency decides'],
  ['no_category', 'No category'],
  ['stays', 'Must be retained'],
  ['never', 'Permanent'],
  ['held', 'Under a legal hold'],
  ['sealed', 'Sealed'],
  ['proposed', 'Disposal proposed'],
];

/** `Retain through Nov 20, 2026`, with the last day on which it may be there. */
export function stayText(one: RetainedRecording): string {
  if (one.category === null) return 'Set its category to see how long to retain it.';
  if (one.state === 'never') return 'Must not be destroyed.';
  const parts = [];
  const verb = one.state === 'stays' ? 'Retain' : 'Had to be retained';
  if (one.until !== null) parts.push(`${verb} through ${dayText(one.until)}`);
  if (one.gone_by !== null)
    parts.push(`${parts.length === 0 ? 'Dispose' : 'dispose'} by ${dayText(one.gone_by)}`);
  if (parts.length === 0) return 'The law sets no number of days: the agency decides.';
  if (one.by_agency) parts.push('by the agency’s own decision, because somebody asked');
  const text = parts.join('; ');
  return one.state === 'decide' ? `${text}; the agency now decides` : text;
}
