// Made-up retention, holds, court orders and disposals for the desk in memory.
import type * as api from '../../src/api/types';
import { ID } from './sample';

const id = (digit: string): string => digit.repeat(32);

const rule = (statute: string): api.RetentionRule => ({
  statute,
  text: 'A law enforcement agency retains recordings for at least 60 days.',
  source: 'https://example.org/law',
});

function recording(more: Partial<api.RetainedRecording>): api.RetainedRecording {
  return {
    recording: ID.recording,
    name: 'bodycam-0231.mp4',
    request: ID.request,
    request_number: 'PR-2026-0144',
    request_closed: true,
    law: 'Washington Public Records Act',
    category: 'not_evidence',
    counted_from: '2026-01-15',
    basis: 'file',
    until: '2026-03-16',
    gone_by: null,
    state: 'may_go',
    binding: true,
    by_agency: false,
    law_on_request: true,
    rules: [rule('RCW 42.56.240(14)')],
    asked: [],
    held: false,
    sealed: false,
    disposal: null,
    disposal_state: null,
    obstacles: [],
    law_of_request: null,
    ...more,
  };
}

const recordings = (): api.RetainedRecording[] => [
  recording({
    name: 'dashcam-77.mp4',
    recording: id('2'),
    state: 'overdue',
    gone_by: '2026-04-16',
    until: '2026-04-15',
    rules: [rule('50 ILCS 706/10-20(a)(7)(A), (B)')],
    law: 'Illinois Freedom of Information Act',
  }),
  recording({}),
  recording({
    name: 'bodycam-0232-a-rather-long-name-of-an-evidence-system-2026-01-15.mp4',
    recording: id('3'),
    category: null,
    state: 'no_category',
    until: null,
    rules: [],
    basis: 'added',
  }),
  recording({
    name: 'bodycam-0233.mp4',
    recording: id('4'),
    category: 'force',
    state: 'stays',
    until: '2027-01-15',
    held: true,
    obstacles: [
      {
        message: 'The recording is under a legal hold.',
        hint: 'An approver can release the hold.',
      },
      {
        message: 'The recording must be retained until 2027-01-15 (RCW 42.56.240(14)).',
        hint: null,
      },
    ],
    asked: [
      {
        asked_on: '2026-02-01',
        days: 90,
        person: 'R. Diaz',
        note: 'By letter.',
        by: 'Ada Okafor',
      },
    ],
  }),
];

export function list(show: string): api.RetentionList {
  const all = recordings();
  const counts = {
    all: 4,
    overdue: 1,
    must_go: 0,
    may_go: 1,
    decide: 0,
    no_category: 1,
    stays: 1,
    never: 0,
    held: 1,
    sealed: 0,
    proposed: 0,
  };
  const found = all.filter(
    (one) => show === '' || one.state === show || (show === 'held' && one.held),
  );
  return { counts, found: found.length, recordings: found };
}

const hold = (): api.Hold => ({
  id: id('5'),
  request: ID.request,
  recording: id('4'),
  matter: 'Doe v. City, 26-2-0117',
  authority: 'City attorney',
  reason: 'A claim was filed.',
  at: '2026-02-20T09:00:00Z',
  by: 'Ada Okafor',
  released_at: null,
  released_by: null,
  release_reason: '',
});

export const orders = (): api.Sealing[] => [
  {
    id: id('6'),
    kind: 'expungement',
    court: 'Superior Court of King County',
    number: '26-2-00451-1',
    dated: '2026-02-27',
    at: '2026-03-01T09:00:00Z',
    by: 'Ben Holm',
    people: ['Ada Okafor', 'Ben Holm'],
    named: true,
    request: ID.request,
    recording: ID.recording,
    note: '',
    out: [
      {
        copy: id('9'),
        release: ID.release,
        title: 'Release to the public or the press',
        package: null,
        at: '2026-02-10T09:00:00Z',
        by: 'Ada Okafor',
        to: 'The Daily Example',
        medium: 'portal',
        told_at: null,
        told_by: null,
        told_note: '',
      },
      {
        copy: id('0'),
        release: ID.release,
        title: 'Release to the public or the press',
        package: ID.package,
        at: '2026-02-11T09:00:00Z',
        by: 'Ada Okafor',
        to: 'R. Diaz',
        medium: 'mail',
        told_at: '2026-03-01T10:00:00Z',
        told_by: 'Ben Holm',
        told_note: 'By letter.',
      },
    ],
    same_file_in: [{ recording: id('2'), request_number: 'PR-2026-0150' }],
    lifted_at: null,
    lifted_by: null,
    lift_court: '',
    lift_number: '',
    lift_dated: '',
  },
];

const disposal = (more: Partial<api.Disposal>): api.Disposal => ({
  id: id('7'),
  recording: ID.recording,
  recording_name: 'bodycam-0231.mp4',
  recording_sha256: 'ab'.repeat(32),
  request: ID.request,
  request_number: 'PR-2026-0144',
  state: 'proposed',
  releases: [],
  law: 'Washington Public Records Act',
  category: 'not_evidence',
  counted_from: '2026-01-15',
  until: '2026-03-16',
  statute: 'RCW 42.56.240(14)',
  reason: 'The schedule of the office.',
  at: '2026-03-20T09:00:00Z',
  by: 'Ada Okafor',
  own: false,
  decided_at: null,
  decided_by: null,
  decision: '',
  done_at: null,
  files: [],
  files_compared: 0,
  queue_store: null,
  same_file_stays_in: [],
  backups_with_it: [],
  ...more,
});

export const disposals = (): api.Disposal[] => [
  disposal({}),
  disposal({
    id: id('8'),
    state: 'done',
    own: true,
    decided_at: '2026-03-21T09:00:00Z',
    decided_by: 'Ben Holm',
    done_at: '2026-03-21T09:00:20Z',
    files: [
      { path: `recordings/${id('b')}/source.mp4`, bytes: 481_000_000, sha256: 'ab'.repeat(32) },
      { path: `recordings/${id('b')}/proxy.mp4`, bytes: 52_000_000, sha256: 'cd'.repeat(32) },
      { path: `reviews/${id('c')}/4.plan.json`, bytes: 88_120, sha256: 'ef'.repeat(32) },
    ],
    files_compared: 1204,
    queue_store: '/mnt/queue',
    backups_with_it: [
      { at: '2026-03-15T02:00:00Z', path: '/mnt/backups/2026-03-15', manifest_sha256: '' },
    ],
  }),
];

export const ofRequest = (): api.RequestRetention => ({
  recordings: recordings(),
  holds: [hold()],
  sealings: [],
  disposals: [disposals()[1]!],
});
