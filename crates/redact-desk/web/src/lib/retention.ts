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
  overdue: 'Overdue',
  must_go: 'Must go',
  may_go: 'May go',
  decide: 'Needs a decision',
  no_category: 'No category',
  stays: 'Stays',
  never: 'Never goes',
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
  proposed: 'Waits for a second person',
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
  ['overdue', 'Overdue'],
  ['must_go', 'Must go'],
  ['may_go', 'May go'],
  ['decide', 'Needs a decision'],
  ['no_category', 'No category'],
  ['stays', 'Stays'],
  ['never', 'Never goes'],
  ['held', 'Under a legal hold'],
  ['sealed', 'Sealed'],
  ['proposed', 'Disposal proposed'],
];

/** `Stays through Nov 20, 2026`, with the last day on which it may be there. */
export function stayText(one: RetainedRecording): string {
  if (one.category === null) return 'Set its category to see how long it stays.';
  if (one.state === 'never') return 'Must not be destroyed.';
  const parts = [];
  const verb = one.state === 'stays' ? 'Stays' : 'Had to stay';
  if (one.until !== null) parts.push(`${verb} through ${dayText(one.until)}`);
  if (one.gone_by !== null) parts.push(`must be gone after ${dayText(one.gone_by)}`);
  if (parts.length === 0) return 'The law sets no number of days: the agency decides.';
  const text = parts.join('; ');
  return one.state === 'decide' ? `${text}; now the agency decides` : text;
}
