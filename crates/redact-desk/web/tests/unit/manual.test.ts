// The manual says what the page says: its names of buttons, and all keys of the review.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Manual } from '../../src/api/types';
import { definition, helpFor, isKey, search } from '../../src/lib/manual';
import { GROUPS, keyText } from '../../src/workspace/keys';

const ROOT = resolve(import.meta.dirname, '../../../../..');
const BOOK = resolve(ROOT, 'manual/src');
const SOURCES = resolve(import.meta.dirname, '../../src');

const chapters = readdirSync(BOOK).filter((name) => name !== 'SUMMARY.md');
const read = (name: string): string => readFileSync(resolve(BOOK, name), 'utf8');

/** The text of the page, as its components have it. */
function sources(): string {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.startsWith('api'))
    .map((name) => readFileSync(resolve(SOURCES, name), 'utf8').replace(/<style>[^]*/, ''));
  return texts.join('\n').replace(/\s+/g, ' ');
}

function keysChapter(): string {
  const lines = [
    '# All keys of the review',
    '',
    'Press `?` in the review for the same list. `K` only stops: to keep what is selected, press `V`.',
  ];
  for (const group of GROUPS) {
    lines.push('', `## ${group.title}`, '', '| Key | What it does |', '|---|---|');
    for (const key of group.keys) {
      const combos = key.keys.map((combo) => `\`${keyText(combo).join(' ')}\``);
      lines.push(`| ${combos.join(' or ')} | ${key.title} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

test('the chapter of keys is that of the review; WRITE_MANUAL=1 writes it', () => {
  const wanted = keysChapter();
  if (process.env['WRITE_MANUAL'] !== undefined) writeFileSync(resolve(BOOK, 'keys.md'), wanted);
  expect(read('keys.md')).toBe(wanted);
});

/** Bold text that is emphasis and not the name of anything in the page. */
const EMPHASIS = new Set(['not']);

test('everything that the manual prints bold is in the page', () => {
  const page = sources();
  const missing = chapters.flatMap((name) => {
    if (name === 'never.md') return []; // There, whole sentences are bold.
    const bold = [...read(name).matchAll(/\*\*(.+?)\*\*/g)].map((match) => match[1]!);
    const here = bold.filter((term) => !EMPHASIS.has(term));
    return here
      .filter((term) => !page.includes(term.replace(/[.:]$/, '')))
      .map((term) => `${name}: ${term}`);
  });
  expect(missing).toEqual([]);
});

test('every key that a chapter names is one of the review', () => {
  const known = new Set(
    GROUPS.flatMap((group) =>
      group.keys.flatMap((key) => key.keys.map((k) => keyText(k).join(' '))),
    ),
  );
  // Parts of combinations, and keys of dialogs and of drawing.
  for (const key of ['Shift', 'Alt', 'Ctrl', 'Enter']) known.add(key);
  const named = chapters.flatMap((name) =>
    [...read(name).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!).filter(isKey),
  );
  expect(named.filter((key) => !known.has(key))).toEqual([]);
});

test('every term that the page explains is in the glossary', () => {
  const glossary = read('glossary.md');
  const terms = [...sources().matchAll(/<Term name="([^"]+)"/g)].map((match) => match[1]!);
  expect(terms.length).toBeGreaterThan(5);
  const anchors = [...glossary.matchAll(/^## (.+)$/gm)].map((m) =>
    m[1]!.toLowerCase().replaceAll(' ', '-'),
  );
  expect(terms.filter((term) => !anchors.includes(term))).toEqual([]);
});

test('every page has a place in the manual that exists', () => {
  const pages = ['queue', 'inbox', 'request', 'review', 'approve', 'release', 'package', 'work'];
  const more = ['releases', 'recheck', 'audit', 'users', 'events', 'account', 'unknown'];
  for (const page of [...pages, ...more]) {
    const [slug, anchor] = helpFor(page, 'operator');
    const headings = [...read(`${slug!}.md`).matchAll(/^##+ (.+)$/gm)].map((m) =>
      m[1]!
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    if (anchor !== undefined) expect(headings).toContain(anchor);
  }
});

const word = (text: string): Manual['chapters'][number]['blocks'][number] => ({
  kind: 'paragraph',
  text: [{ text, strong: false, code: false, link: null }],
});
const heading = (text: string): Manual['chapters'][number]['blocks'][number] => ({
  kind: 'heading',
  level: 2,
  anchor: text.toLowerCase(),
  text: [{ text, strong: false, code: false, link: null }],
});
const small: Manual = {
  editions: [],
  chapters: [
    {
      slug: 'clerk',
      title: 'Records clerk',
      blocks: [word('Start here.'), heading('Upload'), word('A track is found in each file.')],
    },
    { slug: 'glossary', title: 'Glossary', blocks: [heading('Track'), word('One object.')] },
  ],
};

test('the search finds sections by all of their words, named ones first', () => {
  const hits = search(small, 'track');
  expect(hits.map((hit) => `${hit.slug}/${hit.anchor}`)).toEqual([
    'glossary/track',
    'clerk/upload',
  ]);
  expect(search(small, 'file TRACK').map((hit) => hit.excerpt)).toEqual([
    'A track is found in each file.',
  ]);
  expect(search(small, ' ')).toEqual([]);
});

test('a term is explained by its first paragraph', () => {
  expect(definition(small, 'track')?.[0]?.text).toBe('One object.');
  expect(definition(small, 'unknown')).toBeNull();
});
