// A review with three tracks, as the tests of the model begin with it.
import type { FoundTrack, Policy, ReviewDocument } from '../../src/api/types';

/** A box that moves right by a hundredth a frame. */
export function foundTrack(id: number, start: number, end: number): FoundTrack {
  const boxes: number[] = [];
  for (let frame = start; frame < end; frame += 1) {
    const x = (frame - start) / 100;
    boxes.push(x, 0.2, x + 0.1, 0.4);
  }
  const count = end - start;
  return {
    id,
    class: 'face',
    start,
    end,
    boxes,
    scores: Array<number>(count).fill(0.9),
    origins: 'd'.repeat(count),
  };
}

export const FOUND = new Map([
  [1, foundTrack(1, 0, 10)],
  [2, foundTrack(2, 20, 30)],
  [3, foundTrack(3, 40, 50)],
]);

export const DOCUMENT: ReviewDocument = {
  tracks: [...FOUND.values()].map((t) => ({
    id: t.id,
    class: t.class,
    person: null,
    parts: [{ found: t.id, start: t.start, end: t.end }],
    decision: null,
  })),
  drawn: [],
  mutes: [],
  kept_speech: [],
  acknowledged: [],
};

export const POLICY: Policy = {
  digest: '0',
  name: 'public-release',
  title: 'Release to the public',
  jurisdiction: 'US',
  note: '',
  second_person: true,
  signed: false,
  classes: [
    {
      class: 'face',
      verdict: 'redact',
      effect: { kind: 'blur', cells_across: 8 },
      reason: 'privacy-face',
      accept_weak_effect: false,
    },
    {
      class: 'plate',
      verdict: 'keep',
      effect: { kind: 'fill' },
      reason: 'evidence-plate',
      accept_weak_effect: false,
    },
  ],
  audio: {
    mute: 'speech',
    personal: [],
    style: 'tone',
    padding_seconds: 0.25,
    reason: 'privacy-speech',
  },
  law: null,
  reasons: [
    {
      code: 'privacy-face',
      statute: '5 U.S.C. 552(b)(6)',
      text: '',
      for: 'hide',
      laws: ['us-federal'],
      fits: true,
    },
    { code: 'evidence-plate', statute: '', text: '', for: 'keep', laws: [], fits: true },
    { code: 'other-law', statute: '', text: '', for: 'hide', laws: ['us-xx'], fits: false },
  ],
};
