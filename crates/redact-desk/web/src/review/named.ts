// Decisions about people that reviewers named in other recordings of the same request. The reviewer
// chooses who is who: nothing is compared by how it looks.
import type { Decision, NamedElsewhere, Policy } from '../api/types';
import { effectText } from '../lib/format';
import { type Edit, reasonsFor } from './edit';

const verdictText: Record<Decision['verdict'], string> = {
  redact: 'hidden',
  keep: 'kept',
  reject: 'rejected',
};

/** The decision for this review: without its author, and `null` if its reason does not fit here. */
export function decisionHere(policy: Policy, named: NamedElsewhere): Decision | null {
  const { decision } = named;
  if (decision.verdict === 'redact') {
    const { verdict, effect, reason } = decision;
    const fits = reasonsFor(policy.reasons, false).some((r) => r.code === reason);
    return fits ? { verdict, effect, reason } : null;
  }
  const { verdict, reason } = decision;
  const fits = reasonsFor(policy.reasons, true).some((r) => r.code === reason);
  return fits ? { verdict, reason } : null;
}

/** `kept, reason mn-on-duty-officer (unit-12.mp4)`. */
export function namedText({ decision, recording }: NamedElsewhere): string {
  const effect =
    decision.verdict === 'redact' ? `, ${effectText(decision.effect).toLowerCase()}` : '';
  return `${verdictText[decision.verdict]}${effect}, reason ${decision.reason} (${recording})`;
}

/** Gives tracks a name and a decision in one step. */
export function nameAndDecide(
  ids: ReadonlySet<number>,
  person: string,
  decision: Decision | null,
): Edit {
  return (document) => ({
    ...document,
    tracks: document.tracks.map((track) =>
      ids.has(track.id) ? { ...track, person, decision: decision ?? track.decision } : track,
    ),
  });
}
