// Made-up requests, people and findings for the desk in memory. Boxes of the small recording are
// the fixture's truth; the large one is an hour with 500 tracks.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type * as api from '../../src/api/types';
import { ROOT } from './chromium';

const id = (digit: string): string => digit.repeat(32);
export const ID = {
  request: id('a'),
  recording: id('b'),
  review: id('c'),
  release: id('d'),
  package: id('1'),
  user: id('e'),
};
const AT = '2026-03-02T09:30:00Z';

interface Truth {
  width: number;
  height: number;
  boxes: { class: api.Class; track: number; x: number; y: number; w: number; h: number }[][];
}

export const demoTimeline = (): api.Timeline => ({
  frames: 300,
  num: 1,
  den: 15_360,
  runs: [[300, 512]],
});

export function demoFound(): api.Found {
  const text = readFileSync(resolve(ROOT, 'fixtures/demo.truth.json'), 'utf8');
  const truth = JSON.parse(text) as Truth;
  const seen = new Map<string, { class: api.Class; start: number; rects: number[][] }>();
  const last = new Map<number, { key: string; frame: number }>();
  truth.boxes.forEach((boxes, frame) => {
    for (const box of boxes) {
      const before = last.get(box.track);
      const key = before?.frame === frame - 1 ? before.key : `${box.track}-${frame}`;
      const rects = seen.get(key)?.rects ?? [];
      const x = [box.x, box.x + box.w].map((v) => v / truth.width);
      const y = [box.y, box.y + box.h].map((v) => v / truth.height);
      rects.push([x[0]!, y[0]!, x[1]!, y[1]!]);
      if (rects.length === 1) seen.set(key, { class: box.class, start: frame, rects });
      last.set(box.track, { key, frame });
    }
  });
  const tracks = [...seen.values()].map((t, i): api.FoundTrack => {
    const start = t.start;
    return {
      id: i + 1,
      class: t.class,
      start,
      end: start + t.rects.length,
      boxes: t.rects.flat(),
      scores: t.rects.map(() => 0.8),
      origins: 'd'.repeat(t.rects.length),
    };
  });
  const risk = (track: number, why: string, size: number): api.Risk => {
    const { class: of, start, end } = tracks[track - 1]!;
    return { track, class: of, start, end, why, risk: size };
  };
  return {
    tracks,
    missing: [],
    speech: [
      [0.4, 5.95],
      [6.05, 8.48],
      [9.08, 9.8],
    ],
    look_here_first: [
      risk(3, 'not seen in 12 frames in a row: the place was filled in', 0.8),
      risk(2, 'comes in over the edge of the picture', 0.5),
      risk(tracks.length, 'seen for a short time only', 0.2),
    ],
  };
}

/** An hour at 30 frames a second with 500 tracks of ten seconds. */
export const hourFound = (): api.Found => manyFound(500, 215);
export const hourTimeline = (): api.Timeline => steady(108_000);

/** Ten minutes with 20 tracks. */
export const tenMinutesFound = (): api.Found => manyFound(20, 880);
export const tenMinutesTimeline = (): api.Timeline => steady(18_000);

function manyFound(count: number, apart: number): api.Found {
  const classes: api.Class[] = ['face', 'plate', 'screen'];
  const tracks = Array.from({ length: count }, (_, i): api.FoundTrack => {
    const start = i * apart;
    const boxes = Array.from({ length: 300 }, (_, f) => {
      const x = 0.1 + ((i * 37 + f) % 700) / 1000;
      return [x, 0.3, x + 0.08, 0.45];
    });
    return {
      id: i + 1,
      class: classes[i % 3]!,
      start,
      end: start + 300,
      boxes: boxes.flat(),
      scores: boxes.map(() => 0.7),
      origins: 'd'.repeat(300),
    };
  });
  return { tracks, missing: [], speech: [], look_here_first: [] };
}

function steady(frames: number): api.Timeline {
  return { frames, num: 1, den: 30, runs: [[frames, 1]] };
}

export function waveform(timeline: api.Timeline): Int8Array {
  const ticks = timeline.runs.reduce((all, [count, each]) => all + count * each, 0);
  const pairs = Math.floor(((ticks * timeline.num) / timeline.den) * 100);
  const wave = new Int8Array(pairs * 2);
  for (let i = 0; i < pairs; i += 1) {
    const loud = Math.abs(Math.sin(i / 9) * Math.sin(i / 57)) * 90 + 4;
    wave[i * 2] = -loud;
    wave[i * 2 + 1] = loud;
  }
  return wave;
}

export const state = (signed_in: boolean): api.State => ({
  version: '0.9.0',
  signed_in,
  needs_setup: false,
  tls: false,
  passkeys: true,
  provider: null,
  mail: true,
});

export const me = (role: api.Role): api.Me => ({
  id: ID.user,
  login: 'ada',
  name: 'Ada Okafor',
  role,
  idle_seconds: 1800,
  ends_at: '2026-03-02T21:30:00Z',
  recovery_codes: 8,
});

export const passkeys = (): api.Passkey[] => [
  {
    id: id('4'),
    name: 'Office computer',
    host: 'desk.city.gov',
    created_at: AT,
    last_used_at: null,
  },
];

export const recoveryCodes = (): string[] =>
  Array.from({ length: 10 }, (_, i) => `${i}bcd-e${i}gh-jkm${i}-pqrs`);

export const enrollment = (): api.Enrollment => ({
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Redact:ada',
  qr_svg:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><path d="M0 0h7v7h-7z"/></svg>',
});

export const invite = (): api.Invite => ({
  login: 'ben',
  name: 'Ben Holm',
  role: 'approver',
  expires_at: '2026-03-05T09:30:00Z',
});

export const people = (): api.Person[] => [
  { id: ID.user, name: 'Ada Okafor', role: 'operator', absence: null },
  { id: id('f'), name: 'Ben Holm', role: 'approver', absence: null },
];

export const absences = (): api.Absences => ({
  own: null,
  standing_in: [
    {
      user: id('f'),
      name: 'Ben Holm',
      stand_in: ID.user,
      stand_in_name: 'Ada Okafor',
      from: '2026-03-01',
      until: '2026-03-05',
    },
  ],
});

export const mailChoice = (): api.MailChoice => ({
  available: true,
  address: 'ada@city.gov',
  kinds: ['assigned', 'approval'],
});

export const mailState = (): api.MailState => ({
  server: 'mail.city.gov:587',
  last_sent_at: AT,
  waiting: [
    {
      id: id('6'),
      kind: 'assigned',
      to: 'Ben Holm',
      made_at: AT,
      attempts: 3,
      next_at: AT,
      error: 'transient error (451): try again later',
    },
  ],
});

const rechecked = (digit: string, more: Partial<api.RecheckedRelease>): api.RecheckedRelease => ({
  id: id(digit),
  name: `release-${digit.repeat(8)}`,
  title: 'Release to the public or the press',
  policy_name: 'public-release',
  request_number: 'PR-2026-0141',
  state: 'ready',
  holds: true,
  why: [],
  made_at: AT,
  checked_at: AT,
  copies: [],
  ...more,
});
export const rechecks = (): api.Recheck => ({
  began_at: AT,
  by: 'Dee Park',
  waiting: 0,
  total: 2,
  releases: [
    rechecked('9', {
      state: 'wrong',
      holds: false,
      why: [{ name: 'masks over all frames', evidence: 'a residual of 4.1 levels follows a face' }],
      copies: [{ at: AT, by: 'Ada Okafor', to: 'A. Reporter', medium: 'portal' }],
    }),
    rechecked('8', {}),
  ],
});
export const notices = (): api.Notice[] => [
  {
    id: id('7'),
    action: 'invite',
    role: 'approver',
    by: 'Carla Reyes',
    about: 'Ben Holm',
    formerly: null,
    at: AT,
  },
];
export const views = (): api.View[] => [
  {
    by: 'Ada Okafor',
    began_at: AT,
    last_at: AT,
    spans: [
      [0, 240],
      [300, 420],
    ],
    seconds: [
      [0, 8],
      [10, 14],
    ],
    frames: 360,
    seen: { video: 4, pictures: 12, reviews: 1 },
    open: true,
  },
];
export const users = (): api.User[] => [
  user('1', 'root', 'Carla Reyes', 'administrator', {}),
  user('e', 'ada', 'Ada Okafor', 'operator', {
    former_names: [{ name: 'Ada Obi', until: AT }],
  }),
  user('f', 'ben', 'Ben Holm', 'approver', { locked_until: '2999-01-01T10:00:00Z' }),
  user('2', 'dee', 'Dee Park', 'auditor', {
    enrolled: false,
    last_seen_at: null,
    pending: { action: 'invite', role: 'auditor', by: 'Egon Vance', by_id: id('3'), at: AT },
  }),
  user('3', 'old', 'Egon Vance', 'operator', { active: false }),
];
function user(
  digit: string,
  login: string,
  name: string,
  role: api.Role,
  more: Partial<api.User>,
): api.User {
  const plain = {
    former_names: [],
    provider_account: null,
    absence: null,
    active: true,
    enrolled: true,
    locked_until: null,
    last_seen_at: AT,
    pending: null,
  };
  return { id: id(digit), login, name, role, ...plain, ...more };
}

const authority = (statute: string, text: string) => ({ statute, text, source: '', checked: null });

export const laws = (): api.Statute[] => [
  {
    key: 'us-foia',
    title: 'Federal FOIA',
    note: '',
    deadlines: [
      {
        kind: 'answer',
        requesters: [],
        period: { days: 20, unit: 'working_days' },
        after: null,
        since: null,
        ...authority('5 U.S.C. 552(a)(6)(A)(i)', 'The agency determines within 20 days.'),
      },
    ],
    extensions: [
      {
        of: 'answer',
        period: { days: 10, unit: 'working_days' },
        ...authority('5 U.S.C. 552(a)(6)(B)(i)', 'In unusual circumstances, by written notice.'),
      },
    ],
    tolling: [
      {
        waiting_for: 'clarification',
        effect: 'stops',
        ...authority('5 U.S.C. 552(a)(6)(A)(ii)(I)', 'The agency may toll the period once.'),
      },
    ],
    fees: null,
    retention: [],
    holidays: '5 U.S.C. 6103(a)',
  },
  {
    key: 'us-mn',
    title: 'Minnesota Government Data Practices Act',
    note: '',
    deadlines: [
      {
        kind: 'answer',
        requesters: [],
        period: null,
        after: null,
        since: null,
        ...authority('Minn. Stat. 13.03', 'Within a reasonable time; no number of days.'),
      },
      {
        kind: 'answer',
        requesters: ['data_subject'],
        period: { days: 10, unit: 'working_days' },
        after: null,
        since: null,
        ...authority('Minn. Stat. 13.04, subd. 3', 'Within ten days of the request.'),
      },
    ],
    extensions: [],
    tolling: [],
    fees: feeRules(),
    retention: [
      {
        category: 'not_evidence',
        at_least: { days: 90 },
        at_most: null,
        adds: false,
        ends: 'date',
        binding: true,
        ...authority('Minn. Stat. 13.825, subd. 3(a)', 'At least 90 days.'),
      },
    ],
    holidays: null,
  },
];

export const clock = (): api.ClockInfo => ({
  basis: 'law',
  milestones: [
    {
      kind: 'acknowledgement',
      due_on: '2026-02-13',
      done_on: '2026-02-12',
      days_left: -17,
      statute: 'ORS 192.324(2)',
      text: 'Acknowledge receipt within five business days.',
    },
    {
      kind: 'estimate',
      due_on: '2026-03-04',
      done_on: null,
      days_left: 2,
      statute: 'R.C. 149.43(B)(1)',
      text: 'Provide the estimate within five business days.',
    },
  ],
  pauses: [
    {
      waiting_for: 'clarification',
      since: '2026-02-16',
      until: '2026-02-18',
      note: 'Asked which stop is meant.',
      by: 'Ada Okafor',
      stops: true,
    },
  ],
  extensions: [{ days: 10, unit: 'working_days', reason: 'Voluminous records', by: 'Ada Okafor' }],
});

const feeRules = (): api.FeeRules => ({
  charges: ['copies', 'review', 'redaction'],
  free_minutes: 0,
  staff_rate_max: null,
  per_video_hour_max: '75.00',
  request_max: '750.00',
  per_recording: null,
  per_video_minute: null,
  estimate_over: null,
  prepay_over: '0.00',
  estimate_within: { days: 5, unit: 'working_days' },
  tolerance_percent: 20,
  tolerance_includes: false,
  exempt: [],
  ...authority('R.C. 149.43(B)(1)', 'The actual cost, not above $75 for each hour of video.'),
});

export const fees = (): api.RequestFees => ({
  rules: feeRules(),
  recordings: 2,
  video_seconds: 5400,
  expected_minutes: 45,
  entries: [
    {
      id: id('1'),
      name: 'Ada Okafor',
      day: '2026-02-20',
      work: 'redaction',
      minutes: 130,
      note: 'Both cameras',
    },
    { id: id('2'), name: 'Ben Holm', day: '2026-02-21', work: 'other', minutes: 15, note: '' },
  ],
  measured: [{ name: 'Ada Okafor', minutes: 118 }],
  estimates: [
    {
      at: AT,
      by: 'Ada Okafor',
      rate: '36.00',
      search_minutes: 0,
      review_minutes: 0,
      redaction_minutes: 90,
      total: '54.00',
    },
  ],
  rate: '36.00',
  bill: {
    charged_minutes: 130,
    rate: '36.00',
    staff: '78.00',
    recordings: '0.00',
    video: '0.00',
    limited_to: null,
    total: '78.00',
    exempt: false,
  },
  difference_percent: 45,
  difference_max: 20,
  difference_beyond: true,
});

export function statistics(): api.PeriodStatistics {
  const month = (name: string, received: number, on_time: number, late: number) => ({
    month: name,
    received,
    answered: on_time + Math.floor(late / 2),
    on_time,
    late,
    open: received - on_time - Math.floor(late / 2),
    median_days: received === 0 ? null : 8.5,
    recordings: received * 2,
    seconds_in: received * 5400,
    releases: on_time,
    seconds_out: on_time * 3100,
    muted_seconds: on_time * 95,
  });
  const months = [
    month('2026-01', 14, 11, 2),
    month('2026-02', 22, 12, 3),
    month('2026-03', 3, 0, 0),
  ];
  return {
    from: '2026-01-01',
    to: '2026-03-02',
    months,
    total: { ...month('', 39, 23, 5) },
    dispositions: [
      { disposition: 'granted', count: 9 },
      { disposition: 'partly_denied', count: 15 },
      { disposition: null, count: 1 },
    ],
    items: [
      { class: 'face', statute: '5 U.S.C. 552(b)(7)(C)', count: 412 },
      { class: 'plate', statute: '5 U.S.C. 552(b)(7)(C)', count: 77 },
      { class: 'speech', statute: '5 U.S.C. 552(b)(6)', count: 130 },
    ],
    people: [
      { name: '', open: 2, overdue: 1, answered: 0, minutes: 0 },
      { name: 'Ada Okafor', open: 7, overdue: 1, answered: 14, minutes: 1875 },
      { name: 'Ben Holm', open: 5, overdue: 0, answered: 11, minutes: 990 },
    ],
  };
}

export const office = (): api.Office => ({
  name: 'Springfield Police Department',
  time_zone: 'America/Chicago',
  today: '2026-03-02',
  law: 'us-foia',
  watch_folder: true,
});

export const inbox = (): api.InboxItem[] => [
  {
    kind: 'approve',
    request: ID.request,
    request_number: 'PR-2026-0144',
    due_on: '2026-03-03',
    days_left: 1,
    recording: 'unit-12-main-street.mp4',
    review: ID.review,
    review_title: 'Release to the public',
    disposal: null,
    policy: null,
    text: null,
    by: null,
    new: true,
    instead_of: null,
  },
  {
    kind: 'mention',
    request: ID.request,
    request_number: 'PR-2026-0141',
    due_on: null,
    days_left: null,
    recording: null,
    review: null,
    review_title: null,
    disposal: null,
    policy: null,
    text: 'Does the dispatcher keep the radio log?',
    by: 'Ben Holm',
    new: true,
    instead_of: null,
  },
  {
    kind: 'task',
    request: ID.request,
    request_number: 'PR-2026-0141',
    due_on: '2026-03-01',
    days_left: -1,
    recording: null,
    review: null,
    review_title: null,
    disposal: null,
    policy: null,
    text: 'Ask the precinct for the second camera',
    by: null,
    new: false,
    instead_of: null,
  },
  {
    kind: 'due',
    request: ID.request,
    request_number: 'PR-2026-0141',
    due_on: '2026-02-28',
    days_left: -2,
    recording: null,
    review: null,
    review_title: null,
    disposal: null,
    policy: null,
    text: null,
    by: null,
    new: false,
    instead_of: 'Ben Holm',
  },
];

const noDetails: api.RequestDetails = {
  case_number: '',
  incident_number: '',
  incident_on: '',
  location: '',
  officer: '',
  address: '',
  email: '',
  telephone: '',
  written_basis: '',
  consent_reference: '',
  policy: '',
};

const recordingDetails: api.RecordingDetails = {
  evidence_id: 'E-2026-3381',
  device_serial: 'X81234567',
  officer: 'A. Reyes',
  location: '',
  recorded_start: '2026-01-30 14:05',
  recorded_end: '',
  clock_basis: '',
  pre_event_seconds: '30',
};

export const policyVersions = (): api.PolicyVersion[] => [
  {
    id: id('9'),
    name: 'public-release',
    digest: 'd'.repeat(64),
    before: policy().digest,
    why: 'Counsel asked for plates to be filled, not blurred.',
    by: 'Ruth Root',
    own: false,
    at: AT,
    state: 'proposed',
    decided_by: null,
    decided_at: null,
  },
];

export const policyText = (digest: string): api.PolicyText => ({
  text: `name = "public-release"\ntitle = "Release to the public"\n[[class]]\nclass = "plate"\neffect = { kind = "${digest.startsWith('d') ? 'fill' : 'blur'}" }\n`,
});

export const settings = (): api.AgencySettings => ({
  settings: [
    {
      name: 'name',
      value: '',
      option: '--agency',
      option_value: 'Springfield Police Department',
    },
    ...['letterhead', 'time-zone', 'law', 'policy', 'holidays'].map((name) => ({
      name,
      value: name === 'letterhead' ? '12 Main Street\nSpringfield' : '',
      option: null,
      option_value: null,
    })),
  ],
  laws: [{ value: 'us-foia', title: 'Federal FOIA' }],
  policies: [{ value: 'public-release', title: 'Release to the public' }],
  time_zone: 'America/Chicago',
  changes: [
    { name: 'letterhead', from: '', to: '12 Main Street\nSpringfield', by: 'Ruth Root', at: AT },
  ],
});

export const health = (): api.Health => ({
  ok: true,
  program: 'redact 0.1.0',
  schema_version: 19,
  now: '2026-03-02T16:04:05Z',
  time_zone: 'America/Chicago',
  disk: {
    free: 812_000_000_000,
    total: 2_000_000_000_000,
    needed: 38_000_000_000,
    low: false,
    full: false,
  },
  sizes: [
    { name: 'recordings', bytes: 1_090_000_000_000, files: 90_412 },
    { name: 'releases', bytes: 61_000_000_000, files: 4210 },
    { name: 'desk.sqlite', bytes: 412_000_000, files: 3 },
  ],
  jobs: { queued: 3, running: 1, failed: 1 },
  failed: [{ kind: 'scan', at: AT }],
  keys: { in_use: 5, retired: 2, without: 1 },
  models: [
    { name: 'faces.onnx', sha256: 'ab'.repeat(32), bytes: 5_400_000, optional: false },
    { name: 'plates.onnx', sha256: 'cd'.repeat(32), bytes: null, optional: false },
    { name: 'retinaface.onnx', sha256: 'ef'.repeat(32), bytes: null, optional: true },
  ],
  last_backup_at: AT,
  certificate_ends_at: '2026-03-20T00:00:00Z',
  certificate_ends_soon: true,
});

export const queueViews = (): api.QueueView[] => [
  {
    id: id('7'),
    name: 'Overdue',
    owner: 'Ada Okafor',
    own: true,
    shared: false,
    query: 'due=overdue',
    columns: [],
  },
];

export const searchResults = (): api.SearchResults => ({
  hits: [
    {
      kind: 'request',
      id: ID.request,
      target: ID.request,
      in_package: false,
      title: 'PR-2026-0141',
      excerpt: 'Herald Tribune · Wants the stop on Main Street only. · 26-004417',
      request: ID.request,
      request_number: 'PR-2026-0141',
      received_on: '2026-02-10',
      closed: false,
    },
    {
      kind: 'recording',
      id: ID.recording,
      target: ID.recording,
      in_package: false,
      title: 'unit-12-main-street.mp4',
      excerpt: 'E-2026-3381 · X81234567',
      request: ID.request,
      request_number: 'PR-2026-0141',
      received_on: '2026-02-10',
      closed: false,
    },
    {
      kind: 'copy',
      id: id('b'),
      target: ID.release,
      in_package: false,
      title: 'Herald Tribune',
      excerpt: 'Main desk',
      request: ID.request,
      request_number: 'PR-2026-0141',
      received_on: '2026-02-10',
      closed: false,
    },
  ],
  counts: { request: 1, recording: 1, copy: 1 },
  total: 3,
  page: 1,
  page_hits: 50,
});

export const thread = (): api.RequestThread => ({
  notes: [
    {
      id: id('1'),
      by: 'Ada Okafor',
      own: true,
      at: AT,
      edited_at: null,
      text: 'The requester narrowed it to the stop on Main Street.',
      mentions: [{ id: 'f'.repeat(32), name: 'Ben Holm' }],
    },
  ],
  tasks: [
    {
      id: id('2'),
      text: 'Ask the precinct for the second camera',
      due_on: '2026-03-01',
      overdue: true,
      assignee: { id: ID.user, name: 'Ada Okafor' },
      by: 'Ada Okafor',
      at: AT,
      done_at: null,
      done_by: null,
    },
    {
      id: id('3'),
      text: 'Send the acknowledgment',
      due_on: null,
      overdue: false,
      assignee: null,
      by: 'Ada Okafor',
      at: AT,
      done_at: AT,
      done_by: 'Ben Holm',
    },
  ],
});

export const templates = (): api.RequestTemplate[] => [
  {
    id: id('6'),
    name: 'Court order',
    by: 'Ada Okafor',
    values: {
      requester_kind: 'court',
      jurisdiction: '',
      note: 'Under seal until served.',
      details: { ...noDetails, written_basis: 'Court order' },
    },
  },
];

export const importPreview = (text: string): api.ImportPreview => {
  const wrong = text.includes('soon');
  const line = (at: number, number: string, recording: string): api.ImportLine => ({
    line: at,
    number,
    requester: 'Daily News',
    recording,
    existing: false,
    errors: [],
  });
  return {
    headers: ['Request No.', 'Received', 'Case #', 'File name', 'Weather'],
    mapping: ['number', 'received_on', 'case_number', 'recording.name', ''],
    left_out: ['Weather'],
    unknown_kinds: ['Resident'],
    fields: [
      { name: 'number', title: 'Request number' },
      { name: 'received_on', title: 'Received on' },
      { name: 'case_number', title: 'Case number' },
      { name: 'recording.name', title: 'File name' },
    ],
    problem: null,
    lines: [
      line(2, 'R-1', 'clip.mp4'),
      {
        ...line(3, 'R-2', 'other.mp4'),
        errors: wrong ? ['"soon" is not a date such as 2026-01-31 or 1/31/2026.'] : [],
      },
    ],
    lines_count: 2,
    requests: wrong ? 1 : 2,
    recordings: wrong ? 1 : 2,
    wrong: wrong ? 1 : 0,
  };
};

export function requests(): api.Request[] {
  const rows: [string, string, api.RequesterKind, api.Stage, number, string | null, number][] = [
    ['PR-2026-0141', 'Herald Tribune', 'press', 'in_review', -2, 'Ada Okafor', 1],
    ['PR-2026-0144', '', 'public', 'awaiting_approval', 1, 'Ada Okafor', 2],
    ['PR-2026-0150', 'J. Alvarez', 'data_subject', 'needs_recording', 3, null, 0],
    ['PR-2026-0138', 'Lund & Partners', 'attorney', 'rendering', 6, 'Ben Holm', 1],
    ['CT-2026-0077', 'District Court', 'court', 'ready', 9, 'Ben Holm', 3],
    ['PR-2026-0152', '', 'public', 'preparing', 14, 'Ada Okafor', 1],
    ['PR-2026-0129', 'County Sheriff', 'agency', 'failed', 4, 'Ada Okafor', 1],
    ['PR-2026-0101', 'R. Whitfield', 'public', 'handed_over', -20, 'Ben Holm', 1],
  ];
  return rows.map(([number, requester, kind, stage, days_left, who, count], i) => ({
    id: i === 0 ? ID.request : id('a').slice(1) + String(i),
    number,
    requester_kind: kind,
    requester,
    jurisdiction: 'us-foia',
    law: 'Federal FOIA',
    rule: null,
    stopped: false,
    due_counted: `2026-03-${String(2 + Math.max(0, days_left)).padStart(2, '0')}`,
    disposition: null,
    handed_over_count: stage === 'handed_over' ? count : number === 'CT-2026-0077' ? 1 : 0,
    not_responsive_count: 0,
    received_on: `2026-02-${String(10 + i)}`,
    due_on: `2026-03-${String(2 + Math.max(0, days_left)).padStart(2, '0')}`,
    days_left,
    overdue: days_left < 0,
    stage,
    assignee: who === null ? null : { id: ID.user, name: who },
    note: i === 0 ? 'Wants the stop on Main Street only. Called twice.' : '',
    details: {
      ...noDetails,
      ...(i === 0
        ? { case_number: '26-004417', incident_on: '2026-01-30', officer: 'A. Reyes' }
        : {}),
    },
    recordings_count: count,
    releases_count: stage === 'ready' || stage === 'handed_over' ? 1 : 0,
    created_at: AT,
    changed_at: AT,
    practice: false,
  }));
}

export const policy = (): api.Policy => ({
  digest: id('9') + id('9'),
  name: 'public-release',
  title: 'Release to the public',
  jurisdiction: 'US',
  note: "A starting point for the agency's counsel, not legal advice.",
  second_person: true,
  signed: false,
  classes: (['face', 'plate', 'screen'] as const).map((of) => ({
    class: of,
    verdict: 'redact',
    effect: { kind: 'fill' },
    reason: of === 'screen' ? 'records-screen' : `privacy-${of}`,
    accept_weak_effect: false,
  })),
  audio: {
    mute: 'speech',
    personal: [],
    style: 'silence',
    padding_seconds: 0.25,
    reason: 'privacy-speech',
  },
  reasons: [
    reason('privacy-face', 'A face is withheld, as it would identify a private person.'),
    reason('privacy-plate', 'A license plate is withheld, as it leads to a private person.'),
    reason('records-screen', 'A display is withheld, as it may show records.'),
    reason('privacy-speech', 'Words are withheld that identify a private person.'),
    { ...reason('consent', 'Not withheld: the person consents.'), for: 'keep' },
    { ...reason('mn-private', 'Withheld as private data.'), laws: ['us-mn'], fits: false },
  ],
  law: { key: 'us-federal', title: 'Federal Freedom of Information Act', covered: true },
});
const reason = (code: string, text: string): api.Reason => ({
  code,
  statute: '5 U.S.C. 552(b)(7)(C)',
  text,
  for: 'hide',
  laws: [],
  fits: true,
});

export function review(found: api.Found): api.Review {
  return {
    id: ID.review,
    recording: ID.recording,
    title: 'Release to the public',
    policy_name: 'public-release',
    policy_digest: policy().digest,
    revision: 1,
    changed_at: AT,
    changed_by: 'Ada Okafor',
    state: 'in_review',
    second_person: true,
    approvals: [],
    sent_back: null,
    policy: policy(),
    policy_mutes: (found.speech ?? []).map(([start, end]) => ({
      start_nanos: Math.round((start - 0.25) * 1e9),
      end_nanos: Math.round((end + 0.25) * 1e9),
      reason: 'privacy-speech',
    })),
    document: {
      tracks: found.tracks.map((t) => ({
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
    },
  };
}

export function recording(review: api.Review, timeline: api.Timeline): api.Recording {
  const { policy: _policy, policy_mutes: _mutes, document: _document, ...head } = review;
  return {
    id: ID.recording,
    request: ID.request,
    name: 'unit-12-main-street.mp4',
    bytes: 1_900_000_000,
    added_at: AT,
    added_by: 'Ada Okafor',
    sha256: id('7') + id('7'),
    state: 'ready',
    error: null,
    proxy: true,
    waveform: true,
    tracks: true,
    thumbnails: true,
    lost_sound_by: null,
    options: null,
    options_by: null,
    details: recordingDetails,
    not_responsive: false,
    on_clock_seconds: null,
    same: [],
    media: {
      width: 1280,
      height: 720,
      frames: timeline.frames,
      duration_seconds: timeline.frames / 30,
      container: 'mov',
      video_codec: 'h264',
      frame_rate: [30, 1],
      conversions: [],
      audio: [1, 2].map(() => ({
        codec: 'aac',
        rate_hz: 48_000,
        channels: 1,
      })),
      video_stream: 0,
      video_streams: [{ index: 0, codec: 'h264' }],
    },
    jobs: [],
    reviews: [head],
  };
}

/** Cameras of one incident, ready to be shown side by side. */
export function cameras(open: api.Review, names: readonly string[]): api.Recording[] {
  return names.map((name, i) => ({
    ...recording(open, demoTimeline()),
    id: id(String(i + 1)),
    name,
    not_responsive: false,
  }));
}

function twoCameras(found: api.Recording): api.Recording {
  const streams = [0, 3].map((index) => ({ index, codec: 'h264' }));
  return { ...found, media: found.media && { ...found.media, video_streams: streams } };
}

export const fullRequest = (request: api.Request, open: api.Review): api.FullRequest => ({
  ...request,
  clock: clock(),
  expected: [
    {
      id: id('3'),
      name: 'unit-14-rear.mp4',
      details: { ...recordingDetails, evidence_id: 'E-2026-3382' },
      by: 'Ada Okafor',
    },
  ],
  recordings: [
    twoCameras(recording(open, demoTimeline())),
    {
      ...recording(open, demoTimeline()),
      id: id('8'),
      name: 'dash-front-0412.mkv',
      state: 'preparing',
      proxy: false,
      thumbnails: false,
      reviews: [],
      same: [
        {
          id: id('5'),
          name: 'dash-front-0412.mkv',
          request: id('4'),
          request_number: 'PR-2026-0088',
          reviewed: true,
          released: false,
          reviews: [],
        },
      ],
      jobs: [job('scan', 'running', 4100, 9000, 320)],
    },
    {
      ...recording(open, demoTimeline()),
      id: id('7'),
      name: 'broken.avi',
      state: 'failed',
      proxy: false,
      thumbnails: false,
      media: null,
      lost_sound_by: null,
      reviews: [],
      error: {
        message: 'damaged data at frame 1203 (second 40.10)',
        hint: null,
        remedy: 'damage',
      },
    },
    {
      ...recording(open, demoTimeline()),
      id: id('0'),
      name: 'sound-in-no-known-format.mkv',
      state: 'failed',
      thumbnails: false,
      proxy: false,
      reviews: [],
      error: {
        message: 'None of the sound can be decoded.',
        hint: null,
        remedy: 'lost_sound',
      },
    },
    {
      ...recording(open, demoTimeline()),
      id: id('6'),
      name: 'camera-2.bin',
      state: 'failed',
      thumbnails: false,
      proxy: false,
      media: null,
      reviews: [],
      options: { video_stream: null, turn_degrees: 90, frame_rate: null, mask_damage: true },
      options_by: 'Ada Okafor',
      error: {
        message: 'cannot read the recording: unknown or incomplete file format',
        hint: null,
        remedy: 'read_options',
      },
    },
  ],
  releases: [release(), replacedRelease()],
  packages: packages(),
  disposed: [
    {
      disposal: '8'.repeat(32),
      done_at: '2026-03-01T14:00:00Z',
      by: 'Ada Okafor',
      confirmed_by: 'Ben Holm',
    },
  ],
  older_copies: olderCopies(),
  history: [
    {
      at: AT,
      by: 'Ada Okafor',
      action: 'changed',
      recording: null,
      changes: [
        { field: 'due_on', from: '2026-02-26', to: '2026-02-28' },
        { field: 'requester', from: '', to: 'Herald Tribune' },
      ],
      reason: '',
    },
    {
      at: AT,
      by: 'Ada Okafor',
      action: 'removed',
      recording: 'notes.mp4',
      changes: [],
      reason: 'Not a recording.',
    },
  ],
});

export function job(
  kind: api.JobKind,
  state: api.Job['state'],
  done: number,
  total: number | null,
  left: number | null,
): api.Job {
  const started = { queued_at: AT, started_at: AT, ended_at: null, by: 'Ada Okafor' };
  const about = { request: ID.request, recording: ID.recording, review: null };
  const named = { request_number: 'PR-2026-0141', recording_name: 'unit-12-main-street.mp4' };
  const more = { phase: null, error: null, result: null, seconds_left: left, ...named };
  const of = { release: null, package: null };
  return { id: id('4') + kind, kind, state, done, total, ...about, ...of, ...started, ...more };
}

export const machines = (): api.MachineList => ({
  workers: [
    { name: 'records-2', state: 'live', running: 2, done: 31, silent_seconds: 1 },
    { name: 'records-3', state: 'silent', running: 0, done: 12, silent_seconds: 420 },
  ],
  jobs: [
    {
      job: 18,
      kind: 'scan',
      recording: 'axon_body_3_2026-10-02_2214.mp4',
      state: 'running',
      done: 4,
      running: 2,
      failed: 0,
      chunks: 12,
      workers: 1,
      failure: null,
    },
    {
      job: 17,
      kind: 'render',
      recording: 'dash_unit_7.mp4',
      state: 'needs_person',
      done: 2,
      running: 0,
      failed: 1,
      chunks: 3,
      workers: 1,
      failure: 'dash_unit_7.mp4: the recording changed since it was divided',
    },
  ],
});

export const jobs = (): api.Job[] => [
  { ...job('render', 'running', 5200, 9000, 95), release: ID.release },
  job('scan', 'queued', 0, null, null),
];

/** The job that makes the clip of the whole review. */
export const clipJob = (): api.Job => job('clip', 'running', 120, 300, 12);

const verdict = (): api.Verdict => ({
  ok: true,
  checks: [
    check('signature', 'public manifest', 'ok', 'signed by key 3F2A 91C0'),
    check('file', 'digest', 'ok', 'the file is the one that was signed'),
    check('picture', 'masks', 'ok', '300 frames, 5 regions: each is hidden in every frame'),
    check('sound', 'mutes', 'ok', '2 sound tracks, 4 mutes: silent throughout'),
    check('leaks', 'container', 'ok', 'no tags, no other streams, no trailing bytes'),
    check('source', 'outside the regions', 'not_checked', 'the recording was not given'),
  ],
});
function check(
  group: string,
  name: string,
  status: 'ok' | 'wrong' | 'not_checked',
  evidence: string,
): api.Verdict['checks'][number] {
  return { group, name, status, evidence };
}

export const release = (): api.Release => ({
  id: ID.release,
  request: ID.request,
  recording: ID.recording,
  review: ID.review,
  revision: 14,
  title: 'Release to the public',
  policy_name: 'public-release',
  state: 'ready',
  job: null,
  verdict: verdict(),
  files: (
    ['release', 'manifest', 'manifest_signature', 'sealed', 'log', 'log_pdf', 'log_csv'] as const
  ).map((kind, i) => ({
    kind,
    name: `clip.redacted.${kind}`,
    bytes: [81e6, 42e3, 400, 61e3, 22e3, 48e3, 9e3][i]!,
  })),
  approvals: [
    { by: 'Ada Okafor', at: AT, role: 'operator', statement: '', signed: true },
    { by: 'Ben Holm', at: AT, role: 'approver', statement: 'Watched in full.', signed: true },
  ],
  made_at: AT,
  request_number: 'PR-2026-0141',
  recording_name: 'unit-12-main-street.mp4',
  why: 'the officer was hidden in vain',
  excerpt: {
    spans: [
      { start_seconds: 1.5, end_seconds: 3 },
      { start_seconds: 6, end_seconds: 9.25 },
    ],
    reason: 'not-requested',
    by: 'Ada Okafor',
  },
  replaced_by: null,
  reopened: false,
  request_closed: false,
  chain: [
    releaseLink(id('9'), 'Release to the public', ''),
    releaseLink(ID.release, 'Release to the public', 'the officer was hidden in vain'),
  ],
  others: [releaseLink(id('f'), 'For the court', '')],
  copies: 1,
  older_copies: olderCopies(),
  practice: false,
});

const replacedRelease = (): api.Release => ({
  ...release(),
  id: id('9'),
  recording_name: 'unit-14-side-street.mp4',
  excerpt: null,
  replaced_by: ID.release,
});

function releaseLink(at: string, title: string, why: string): api.ReleaseLink {
  const policy_name = title === 'For the court' ? 'court' : 'public-release';
  return { id: at, title, policy_name, state: 'ready', created_at: AT, why };
}

export const differences = (): api.Differences => ({
  tracks: [{ track: 1, class: 'face', here: 'fill (privacy)', there: 'kept (public-servant)' }],
  drawn_only_here: ['region-1'],
  drawn_only_there: [],
  mutes_only_here: [],
  mutes_only_there: ['mute-2'],
  muted_seconds: [8.4, 12],
  words: [{ start_seconds: 1.3, here: 'Jordan', there: 'Jourdain' }],
});

export const copies = (): api.Copy[] => [
  {
    id: id('6'),
    at: AT,
    by: 'Ada Okafor',
    to: 'Herald Tribune, M. Osei',
    medium: 'portal',
    note: '',
    files: [
      { kind: 'release', sha256: id('1') },
      { kind: 'log_pdf', sha256: id('2') },
    ],
    package: null,
  },
];

export const olderCopies = (): api.OlderCopy[] => [
  olderCopy('Herald Tribune, M. Osei', ID.package, null),
  olderCopy('R. Whitfield', null, AT),
];
function olderCopy(to: string, inside: string | null, sent_at: string | null): api.OlderCopy {
  return {
    to,
    medium: 'portal',
    at: AT,
    by: 'Ada Okafor',
    release: id('9'),
    title: 'Release to the public',
    recording_name: 'unit-12-main-street.mp4',
    package: inside,
    newest: ID.release,
    newest_ready: true,
    sent_at,
  };
}

export const profiles = (): api.Profile[] => [
  profile('court-500mb', 'A court, with files of at most 500 MB', { part_bytes: 5e8 }),
  profile('press', 'The press', {}),
  profile('prosecutor', 'A prosecutor, with sealed records', {
    sealed_manifests: true,
    findings: true,
    encrypt: true,
    source_names: true,
    requester: true,
  }),
  profile('ours', 'ours', {
    forms: [],
    problem: 'ours.toml cannot be used: line 3: unknown key "titel"',
  }),
];
function profile(name: string, title: string, more: Partial<api.Profile>): api.Profile {
  return {
    name,
    title,
    note: 'As for the public: expect it to be published.',
    forms: ['zip', 'iso'],
    documents: ['index-html', 'index-pdf', 'cover-letter', 'exemption-letter', 'instructions'],
    sealed_manifests: false,
    findings: false,
    verifier: true,
    encrypt: false,
    part_bytes: null,
    package_bytes: null,
    source_names: false,
    request_number: true,
    case_number: false,
    requester: false,
    problem: null,
    ...more,
  };
}

export const verifier = (): api.Verifier => ({
  name: 'verify.html',
  bytes: 2_300_000,
  sha256: id('5') + id('5'),
});

/** One that was handed over and has become outdated, one that failed, and one under way. */
export const packages = (): api.Package[] => [
  packed(id('3'), {
    title: 'A prosecutor, with sealed records',
    profile: 'prosecutor',
    encryption: 'passphrase',
    sealed: true,
    state: 'making',
    job: job('package', 'running', 610, 900, 12),
    made_at: null,
    bytes: null,
  }),
  packed(ID.package, {
    exhibits: [exhibit(1, ID.release, null), exhibit(2, id('9'), ID.release)],
    copies: [
      {
        id: id('2'),
        at: AT,
        by: 'Ada Okafor',
        to: 'Herald Tribune, M. Osei',
        medium: 'portal',
        note: 'Sent with the letter of March 2.',
        sha256: id('6') + id('6'),
      },
    ],
  }),
  packed(id('2'), {
    title: 'A court, with files of at most 500 MB',
    profile: 'court-500mb',
    state: 'failed',
    job: {
      ...job('package', 'failed', 610, 900, null),
      error: { message: 'cannot write: no space left on device', hint: null, remedy: null },
    },
    made_at: null,
    bytes: null,
  }),
];
function packed(at: string, more: Partial<api.Package>): api.Package {
  return {
    id: at,
    request: ID.request,
    request_number: 'PR-2026-0141',
    profile: 'press',
    title: 'The press',
    form: 'zip',
    encryption: 'none',
    recipients: [],
    sealed: false,
    wants_verifier: true,
    has_verifier: true,
    dated: '2026-03-02',
    state: 'ready',
    job: null,
    name: `package-${at.slice(0, 8)}.zip`,
    bytes: 162_400_000,
    sha256: id('6') + id('6'),
    manifest_sha256: id('7') + id('7'),
    by: 'Ada Okafor',
    created_at: AT,
    made_at: AT,
    exhibits: [exhibit(1, ID.release, null)],
    copies: [],
    ...more,
  };
}
function exhibit(number: number, of: string, replaced_by: string | null): api.Exhibit {
  const name = number === 1 ? 'unit-12-main-street.mp4' : 'unit-14-side-street.mp4';
  return {
    number,
    release: of,
    title: 'Release to the public',
    recording: ID.recording,
    recording_name: name,
    state: 'ready',
    replaced_by,
    reopened: false,
  };
}

export const audits = (): api.Audit[] => [
  {
    id: id('5'),
    release_name: 'clip.redacted.mp4',
    at: AT,
    job: job('audit', 'done', 1, 1, null),
    report: true,
    verdict: {
      ok: false,
      checks: [
        ...verdict().checks.slice(0, 1),
        check('file', 'digest', 'wrong', 'differs from byte 1,204,551 on'),
      ],
    },
  },
];

const entry = (
  seq: number,
  what: string,
  details: api.EventEntry['details'],
  more: Partial<api.EventEntry> = {},
): api.EventEntry => ({
  seq,
  at: AT,
  who: 'Ada Okafor',
  what,
  outcome: 'success',
  program: 'redact 0.9.0',
  machine: 'records-2',
  subjects: {},
  details,
  names: {
    [ID.request]: 'PR-2026-0141',
    [ID.recording]: 'unit-12-main-street.mp4',
    [ID.user]: 'Ada Okafor (ada)',
  },
  changes: [],
  reason: '',
  ...more,
});
export const events = (): api.EventEntry[] => [
  entry(
    5,
    'request',
    { action: 'changed', request: ID.request, history: id('2') },
    { changes: [{ field: 'due_on', from: '2026-02-26', to: '2026-02-28' }] },
  ),
  entry(4, 'intake', { action: 'recording', request: ID.request, recording: ID.recording }),
  entry(
    3,
    'account',
    { action: 'changed', account: ID.user, 'role-from': 'operator', 'role-to': 'approver' },
    { who: 'Carla Reyes' },
  ),
  entry(2, 'account', { action: 'sign-in', login: 'open' }, { outcome: 'refused' }),
  entry(1, 'account', { action: 'sign-in' }),
];

export function summary(open: api.Review): api.Summary {
  const undecided = open.document.tracks.filter((t) => t.decision === null);
  return {
    revision: open.revision,
    problems: undecided.map((t) => ({
      code: 'undecided',
      message: `Track ${t.id} (${t.class}) is undecided.`,
      track: t.id,
      class: t.class,
    })),
    classes: (['face', 'plate', 'screen'] as const).map((of) => {
      const tracks = open.document.tracks.filter((t) => t.class === of);
      const count = (verdict: 'redact' | 'keep' | 'reject'): number =>
        tracks.filter((t) => t.decision?.verdict === verdict).length;
      return {
        class: of,
        looked_for: true,
        acknowledged: false,
        hidden: count('redact'),
        kept: count('keep'),
        rejected: count('reject'),
        undecided: tracks.filter((t) => t.decision === null).length,
      };
    }),
    reasons: policy()
      .reasons.slice(0, 3)
      .map((r) => ({ ...r, hidden: 2, kept: 0, rejected: 0, drawn: 0, mutes: 0, kept_speech: 0 })),
    damaged: [[2.4, 3.1]],
    kept_speech: (open.document.kept_speech ?? []).map((k) => ({
      start_seconds: k.start_nanos / 1e9,
      end_seconds: k.end_nanos / 1e9,
      reason: k.reason,
      by: 'Ada Okafor',
      at: AT,
    })),
    drawn: open.document.drawn.length,
    mutes: open.document.mutes.length,
    muted_seconds: 8.4,
    speech_seconds: 9.1,
    unmuted_speech_seconds: 0.7,
    left_out: [],
    against_policy: [{ track: 1, class: 'face', policy: 'redact' }],
    kept_covered: [
      {
        track: 3,
        class: 'face',
        frames: 12,
        worst_frame: 160,
        share: 0.4,
        masks: ['face-1'],
      },
    ],
    rejected: [
      { track: 2, class: 'plate', reason: 'nothing-to-withhold', by: 'Ada Okafor', at: AT },
    ],
    law: open.policy.law,
    reason_changes: [],
    second_person: true,
    approvals: [],
    spoken: {
      proposed: 4,
      unclear: 2,
      unclear_seconds: 1.3,
      unchecked: 3,
      corrected_words: 1,
    },
    plan_sha256: undecided.length === 0 ? id('3') + id('3') : null,
  };
}

export const comment = (text: string, item: string | null): api.Comment => ({
  by: 'Ben Ito',
  role: 'approver',
  at: AT,
  revision: 1,
  kind: 'comment',
  text,
  item,
});

export const revisions = (older: readonly api.Review[] = []): api.Revision[] => [
  // By another person each, so that each is a row.
  ...older.map(({ revision }) => ({
    revision,
    at: AT,
    by: `Person ${revision}`,
    undecided: 4,
  })),
  { revision: older.length + 1, at: AT, by: 'Ada Okafor', undecided: 5 },
  { revision: -1, at: '2026-03-02T09:10:00Z', by: 'Ben Ito', undecided: 4 },
];

export function sheet(open: api.Review, found: api.Found): api.SheetItem[] {
  return open.document.tracks.map((track) => {
    const seen = found.tracks.find((t) => t.id === track.id);
    const { start, end } = track.parts[0]!;
    return {
      track: track.id,
      region: null,
      class: track.class,
      person: track.person,
      decision: track.decision,
      frame: start,
      rect: (seen?.boxes.slice(0, 4) ?? [0, 0, 1, 1]) as api.Rect,
      thumbnail: track.id,
      start_seconds: start / 30,
      end_seconds: end / 30,
    };
  });
}
