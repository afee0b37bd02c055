// A small manual for the desk in memory; the real one is tested against the real desk.
import type * as api from '../../src/api/types';

const plain = (text: string): api.ManualText => ({ text, strong: false, code: false, link: null });
const key = (text: string): api.ManualText => ({ ...plain(text), code: true });
const heading = (text: string): api.ManualBlock => ({
  kind: 'heading',
  level: 2,
  anchor: text.toLowerCase().replaceAll(' ', '-'),
  text: [plain(text)],
});
const paragraph = (...text: api.ManualText[]): api.ManualBlock => ({ kind: 'paragraph', text });

export const manual = (): api.Manual => ({
  editions: [
    { name: 'manual', title: 'Manual of the release desk' },
    { name: 'clerk', title: 'Manual for records clerks' },
  ],
  chapters: [
    {
      slug: 'first-steps',
      title: 'First steps',
      blocks: [
        paragraph(plain('The release desk makes releases of recordings.')),
        heading('Sign in'),
        {
          kind: 'list',
          numbered: true,
          items: [[plain('Open the link.')], [plain('Enter a password.')]],
        },
        {
          kind: 'table',
          header: [[plain('Role')], [plain('Does')]],
          right: [false, false],
          rows: [[[{ ...plain('Operator'), strong: true }], [plain('reviews')]]],
        },
      ],
    },
    {
      slug: 'clerk',
      title: 'Records clerk',
      blocks: [
        paragraph(
          plain('A '),
          { ...plain('track'), link: { slug: 'glossary', anchor: 'track' } },
          plain(' is one object.'),
        ),
        ...Array.from({ length: 30 }, (_, i) => paragraph(plain(`Paragraph ${i + 1}.`))),
        heading('Find your requests'),
        paragraph(plain('Search for a number, or press '), key('Ctrl F'), plain('.')),
        { kind: 'code', text: 'sudo apt install ./redact.deb' },
      ],
    },
    {
      slug: 'glossary',
      title: 'Glossary',
      blocks: [
        heading('Policy'),
        paragraph(plain('The rules for a kind of release.')),
        heading('Track'),
        paragraph(plain('One object over time: the same face from start to end.')),
        heading('Manifest'),
        paragraph(plain('The signed record of a release.')),
      ],
    },
  ],
});

/** A score with something of each kind. */
export const score = (): api.Score => ({
  revision: 7,
  points: 86,
  hidden: 520,
  objects: 580,
  muted_seconds: 4.2,
  spoken_seconds: 6.9,
  visible: [{ class: 'screen', frames: 60, seconds: 2, frame: 44, hidden_share: 0.31 }],
  audible: [
    {
      sound_track: 1,
      start_seconds: 3,
      end_seconds: 4,
      seconds: 1,
      words: 'Marla Quendrix',
    },
  ],
  needless: [{ track: 4, class: 'plate', frame: 12, frames: 20 }],
  rejected: [
    { track: 5, class: 'screen', frame: 90, right: true },
    { track: 1, class: 'face', frame: 0, right: false },
  ],
});
