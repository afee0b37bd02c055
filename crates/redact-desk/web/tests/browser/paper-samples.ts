// Made-up letters and invoices for the desk in memory.
import type * as api from '../../src/api/types';

const id = (digit: string): string => digit.repeat(32);
const AT = '2026-03-02T09:30:00Z';
const SHA256 = 'ab'.repeat(32);
const BY = 'Ada Okafor';

const plain = (text: string, strong = false): api.ManualText => ({
  text,
  strong,
  code: false,
  link: null,
});
const paragraph = (text: string): api.ManualBlock => ({
  kind: 'paragraph',
  text: [plain(text)],
});

export const letters = (): api.RequestLetters => ({
  letters: [
    {
      id: id('6'),
      kind: 'extension',
      title: 'Extension of time',
      at: AT,
      by: BY,
      bytes: 31_000,
      sha256: SHA256,
      sends: [],
    },
    {
      id: id('7'),
      kind: 'acknowledgement',
      title: 'Acknowledgment',
      at: '2026-02-10T09:30:00Z',
      by: BY,
      bytes: 30_000,
      sha256: SHA256,
      sends: [
        {
          by: BY,
          at: AT,
          to: 'Herald Tribune',
          means: 'email',
          on: '2026-02-10',
          note: 'records@herald.example',
        },
      ],
    },
  ],
  choices: (['acknowledgement', 'extension', 'denial'] as const).map((kind) => ({
    kind,
    title: kind,
    note: 'A starting point for the agency and its counsel, not legal advice.',
    own: kind === 'denial',
  })),
  problem: null,
});

export const letterPreview = (): api.PaperPreview => ({
  title: 'Extension of time',
  blocks: [
    paragraph('March 2, 2026'),
    { kind: 'paragraph', text: [plain('Re: Request PR-2026-0141', true)] },
    paragraph('We need more time to answer your request: 10 working days.'),
    { kind: 'heading', level: 1, anchor: 'x', text: [plain('Your rights')] },
    { kind: 'list', numbered: false, items: [[plain('You may appeal within 90 days.')]] },
    paragraph('Sincerely,\nJ. Doe'),
  ],
  warnings: ['The letterhead has no address. An administrator enters it in Settings.'],
});

const line = (what: string, basis: string, amount: string): api.InvoiceLine => ({
  what,
  basis,
  statute: 'R.C. 149.43(B)(1)',
  amount,
});

export const invoices = (): api.Invoice[] => [
  {
    id: id('8'),
    number: 'INV-2026-0002',
    at: AT,
    by: BY,
    basis: 'time',
    lines: [
      line('Staff time', 'redaction 2 h 10 min; 2 h 10 min at $36.00 an hour', '78.00'),
      { ...line('Reduction', 'Settlement', '-8.00'), statute: '' },
    ],
    total: '70.00',
    paid: '40.00',
    balance: '30.00',
    corrects: 'INV-2026-0001',
    why: 'Hours of training were charged.',
    corrected_by: null,
    voided: null,
    sha256: SHA256,
    payments: [],
  },
  {
    id: id('9'),
    number: 'INV-2026-0001',
    at: '2026-02-21T09:30:00Z',
    by: BY,
    basis: 'time',
    lines: [line('Staff time', 'redaction 3 h; 3 h at $36.00 an hour', '108.00')],
    total: '108.00',
    paid: '40.00',
    balance: null,
    corrects: null,
    why: '',
    corrected_by: 'INV-2026-0002',
    voided: null,
    sha256: SHA256,
    payments: [
      {
        id: id('1'),
        paid_on: '2026-02-25',
        amount: '40.00',
        note: 'Check 7',
        by: BY,
        voided: null,
      },
      {
        id: id('2'),
        paid_on: '2026-02-24',
        amount: '40.00',
        note: '',
        by: BY,
        voided: { at: AT, by: BY, reason: 'Entered twice' },
      },
    ],
  },
];

export const invoicePreview = (): api.PaperPreview => ({
  title: 'Invoice',
  blocks: [
    { kind: 'heading', level: 1, anchor: 'x', text: [plain('Invoice INV-2026-0003')] },
    {
      kind: 'table',
      header: [[plain('Item')], [plain('Basis')], [plain('Law')], [plain('Amount')]],
      right: [false, false, false, true],
      rows: [
        [
          [plain('Staff time')],
          [plain('redaction 2 h 10 min; 2 h 10 min at $36.00 an hour')],
          [plain('R.C. 149.43(B)(1)')],
          [plain('78.00')],
        ],
        [[plain('Total', true)], [], [], [plain('$78.00', true)]],
      ],
    },
  ],
  warnings: ['The invoice is 45 % above the estimate.'],
});

const figures = (views: number, downloads: number): api.AccessFigures => ({
  views,
  playbacks: views > 0 ? 1 : 0,
  frames: views * 120,
  downloads,
  exports: 0,
  copies: 0,
  last_at: AT,
});
const recording: api.AccessedRecording = {
  id: id('b'),
  name: 'unit-12-main-street.mp4',
  request: 'PR-2026-0141',
};

export const access = (): api.AccessReport => ({
  recordings: [{ recording, people: ['Ada Okafor', 'Ben Holm'], figures: figures(3, 1) }],
  people: [
    { name: 'Ada Okafor', recordings: 1, figures: figures(3, 0) },
    { name: 'Ben Holm', recordings: 1, figures: figures(0, 1) },
  ],
  entries: [
    {
      at: AT,
      until: AT,
      who: 'Ben Holm',
      kind: 'downloaded',
      recordings: [recording],
      shown: { release: 1 },
      frames: 0,
      open: false,
    },
    {
      at: '2026-03-01T09:30:00Z',
      until: AT,
      who: 'Ada Okafor',
      kind: 'viewed',
      recordings: [recording],
      shown: { pictures: 3, video: 2 },
      frames: 120,
      open: true,
    },
  ],
  count: 2,
});

const flag = (rule: api.AccessRule, person: string): api.AccessFlag => ({
  id: id(rule === 'night' ? '3' : '4'),
  rule,
  person,
  day: '2026-03-01',
  recording: rule === 'night' ? '' : recording.id,
  recording_name: rule === 'night' ? '' : recording.name,
  request: rule === 'night' ? '' : recording.request,
  count: 2,
  from: '2026-03-01T09:30:00Z',
  until: AT,
  outcome: null,
  finding: '',
  reviewed_by: null,
  reviewed_at: null,
  reviewable: true,
});

export const misuse = (): api.AccessFlag[] => [
  flag('night', 'Ben Holm'),
  {
    ...flag('outside_assignment', 'Ada Okafor'),
    outcome: 'justified',
    finding: 'Stood in for Ben Holm on that day.',
    reviewed_by: 'Carla Reyes',
    reviewed_at: AT,
    reviewable: false,
  },
];
