// Decisions about people who were named in other recordings.
import { expect, test } from 'vitest';
import type { NamedElsewhere, Policy, ReviewDocument } from '../../src/api/types';
import { decisionHere, nameAndDecide, namedText } from '../../src/review/named';

const reason = (code: string, purpose: 'hide' | 'keep', fits: boolean) => ({
  code,
  statute: '',
  text: '',
  for: purpose,
  laws: [],
  fits,
});
const policy = {
  reasons: [
    reason('on-duty', 'keep', true),
    reason('private', 'hide', true),
    reason('other-law', 'hide', false),
  ],
} as unknown as Policy;
const named = (decision: NamedElsewhere['decision']): NamedElsewhere => ({
  name: 'Officer Diaz',
  recording: 'unit-12.mp4',
  tracks: 1,
  decision,
});

test('a decision is carried over without its author, if its reason fits here', () => {
  const by = { by: 'Ada', at: '2026-03-02T10:00:00Z' };
  const kept = named({ verdict: 'keep', reason: 'on-duty', ...by });
  expect(decisionHere(policy, kept)).toEqual({ verdict: 'keep', reason: 'on-duty' });
  const fill = { kind: 'fill' } as const;
  const hidden = named({ verdict: 'redact', effect: fill, reason: 'private', ...by });
  expect(decisionHere(policy, hidden)).toEqual({
    verdict: 'redact',
    effect: fill,
    reason: 'private',
  });
  expect(
    decisionHere(policy, named({ verdict: 'redact', effect: fill, reason: 'other-law' })),
  ).toBe(null);
  expect(decisionHere(policy, named({ verdict: 'keep', reason: 'private' }))).toBe(null);
  expect(namedText(kept)).toBe('kept, reason on-duty (unit-12.mp4)');
});

test('name and decision are one change; a decision that does not fit leaves the own one', () => {
  const own = { verdict: 'keep', reason: 'on-duty' } as const;
  const track = (id: number) => ({ id, class: 'face', person: null, decision: own, parts: [] });
  const document = { tracks: [track(1), track(2)] } as unknown as ReviewDocument;
  const decision = { verdict: 'redact', effect: { kind: 'fill' }, reason: 'private' } as const;
  const changed = nameAndDecide(new Set([2]), 'Officer Diaz', decision)(document);
  expect(changed.tracks[0]).toBe(document.tracks[0]);
  expect(changed.tracks[1]).toMatchObject({ person: 'Officer Diaz', decision });
  const only = nameAndDecide(new Set([2]), 'Officer Diaz', null)(document);
  expect(only.tracks[1]).toMatchObject({ person: 'Officer Diaz', decision: own });
});
