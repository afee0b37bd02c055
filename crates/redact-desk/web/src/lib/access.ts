// Access to recordings as words.
import type { AccessEntry, AccessKind, AccessOutcome, AccessRule } from '../api/types';
import { many } from './format';

export const accessText: Record<AccessKind, string> = {
  viewed: 'Viewed',
  downloaded: 'Downloaded',
  exported: 'Exported',
  handed_over: 'Handed over',
};

export const ruleText: Record<AccessRule, string> = {
  outside_assignment: 'Outside assignment',
  night: 'At night',
  many_recordings: 'Many recordings on one day',
  many_downloads: 'Many downloads on one day',
};

export const outcomeText: Record<AccessOutcome, string> = {
  justified: 'Justified: part of their work',
  reminded: 'Not part of their work; the person was reminded of the rules',
  misuse: 'Misuse: handled outside of the desk',
};

/** `3 pictures, video played, 120 frames`. */
export function shownText(entry: AccessEntry): string {
  const parts = Object.entries(entry.shown).map(([name, count]) => {
    if (entry.kind !== 'viewed') return name.replaceAll('-', ' ');
    if (name === 'video') return 'video played';
    return many(count ?? 0, name.replace(/s$/, ''), name);
  });
  if (entry.frames > 0) parts.push(many(entry.frames, 'frame'));
  return parts.join(', ');
}
