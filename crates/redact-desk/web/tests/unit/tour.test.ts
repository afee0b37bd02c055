// A step of the tour is done when it happened, and stays done.
import { expect, test } from 'vitest';
import type { FullRequest, ReviewDocument } from '../../src/api/types';
import { doneSteps, muteKey, nextStep, STEPS, type TourFacts } from '../../src/lib/tour';

const empty: ReviewDocument = {
  tracks: [],
  drawn: [],
  mutes: [],
  acknowledged: [],
  kept_speech: [],
  words: [],
  checked_items: [],
};
const nothing: TourFacts = { inside: false, request: null, desk: null, scored: false };
const desk = {
  played: 0,
  seen: 0,
  toCheck: 9,
  document: empty,
  policyMutes: new Set<string>(),
  undecided: 4,
  preview: false,
};

const keys = (facts: TourFacts): string[] => [...doneSteps(new Set(), facts)];

test('nothing is done at the start, and the first step is next', () => {
  expect(keys(nothing)).toEqual([]);
  expect(nextStep(new Set())?.key).toBe('open');
  expect(STEPS.length).toBeGreaterThanOrEqual(10);
  expect(STEPS.length).toBeLessThanOrEqual(15);
});

test('a step stays done, even if it is undone in the review', () => {
  const decided = {
    ...empty,
    tracks: [{ decision: { verdict: 'keep', reason: 'consent' } }],
  } as unknown as ReviewDocument;
  const facts = { ...nothing, inside: true, desk: { ...desk, document: decided } };
  expect(keys(facts)).toEqual(['open', 'review', 'keep']);
  expect([...doneSteps(new Set(['keep']), nothing)]).toEqual(['keep']);
});

test('what the policy muted does not count as muted by the trainee', () => {
  const document = {
    ...empty,
    mutes: [{ id: 'm', start_seconds: 1.5, end_seconds: 2.25 }],
  } as unknown as ReviewDocument;
  const facts = { ...nothing, desk: { ...desk, document } };
  expect(keys(facts)).toContain('mute');
  const policyMutes = new Set([muteKey(1.5e9, 2.25e9)]);
  expect(keys({ ...nothing, desk: { ...desk, document, policyMutes } })).not.toContain('mute');
});

test('a region counts once it has a reason, playing once it lasts', () => {
  const drawn = (reason: string): TourFacts => ({
    ...nothing,
    desk: { ...desk, document: { ...empty, drawn: [{ reason }] } as unknown as ReviewDocument },
  });
  expect(keys(drawn(''))).not.toContain('region');
  expect(keys(drawn('privacy-face'))).toContain('region');
  expect(keys({ ...nothing, desk: { ...desk, played: 20 } })).not.toContain('play');
  expect(keys({ ...nothing, desk: { ...desk, played: 60 } })).toContain('play');
});

test('approval, rendering and verification are those of the request', () => {
  const request = {
    recordings: [{ state: 'ready', reviews: [{ approvals: [{}] }] }],
    releases: [{ state: 'rendering' }],
  } as unknown as FullRequest;
  expect(keys({ ...nothing, request })).toEqual(['ready', 'approve', 'render']);
});
