// The manual: which chapter explains a page, what a term means, and the search.
import type { Manual, ManualBlock, ManualText, Role } from '../api/types';

/** The chapter that each role begins with. */
const OF_ROLE: Record<Role, string> = {
  operator: 'clerk',
  approver: 'approver',
  auditor: 'auditor',
  administrator: 'administrator',
};

/** The chapters of pages, and the heading in them. Other pages: the chapter of the role. */
const OF_PAGE: Record<string, [slug: string, anchor: string]> = {
  access: ['auditor', 'who-looked-at-a-recording'],
  account: ['first-steps', 'sign-in-for-the-first-time'],
  approve: ['approver', 'look'],
  audit: ['auditor', 'check-a-release'],
  events: ['auditor', 'the-event-log'],
  laws: ['clerk', 'deadlines'],
  statistics: ['clerk', 'statistics'],
  inbox: ['approver', 'what-waits-for-you'],
  package: ['clerk', 'hand-it-over'],
  misuse: ['auditor', 'unusual-access'],
  queue: ['clerk', 'find-your-requests'],
  recheck: ['auditor', 'check-all-releases-again'],
  release: ['clerk', 'hand-it-over'],
  releases: ['clerk', 'hand-it-over'],
  request: ['clerk', 'add-recordings'],
  retention: ['clerk', 'how-long-to-retain-recordings'],
  orders: ['clerk', 'how-long-to-retain-recordings'],
  disposals: ['clerk', 'dispose-of-a-recording'],
  review: ['reviewer', 'a-fast-way-through-a-recording'],
  users: ['administrator', 'let-people-in'],
  work: ['clerk', 'render-and-verify'],
};

/** Where the manual explains the page `shown`, as pieces of its address after `help`. */
export function helpFor(shown: string, role: Role | null): string[] {
  const chapter = role === null ? 'first-steps' : OF_ROLE[role];
  return OF_PAGE[shown] ?? [chapter];
}

export const textOf = (spans: ManualText[]): string => spans.map((span) => span.text).join('');

function cells(block: ManualBlock): ManualText[][] {
  if (block.kind === 'table') return [...block.header, ...block.rows.flat()];
  if (block.kind === 'list') return block.items;
  return block.kind === 'code' ? [] : [block.text];
}

export interface Hit {
  slug: string;
  chapter: string;
  anchor: string | null;
  heading: string;
  excerpt: string;
}

/** The parts of the manual that have every word of `wanted`, one per heading. */
export function search(manual: Manual, wanted: string): Hit[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: Hit[] = [];
  for (const chapter of manual.chapters) {
    for (const part of parts(chapter)) {
      const all = `${part.heading} ${part.lines.join(' ')}`.toLowerCase();
      if (!words.every((word) => all.includes(word))) continue;
      const line = part.lines.find((text) => words.some((w) => text.toLowerCase().includes(w)));
      hits.push({
        slug: chapter.slug,
        chapter: chapter.title,
        anchor: part.anchor,
        heading: part.heading,
        excerpt: line ?? part.lines[0] ?? '',
      });
    }
  }
  // What is named so comes first.
  const named = (hit: Hit): boolean => words.every((w) => hit.heading.toLowerCase().includes(w));
  return [...hits.filter(named), ...hits.filter((hit) => !named(hit))];
}

interface Part {
  anchor: string | null;
  heading: string;
  lines: string[];
}

function parts(chapter: Manual['chapters'][number]): Part[] {
  const all: Part[] = [{ anchor: null, heading: chapter.title, lines: [] }];
  for (const block of chapter.blocks) {
    if (block.kind === 'heading') {
      all.push({ anchor: block.anchor, heading: textOf(block.text), lines: [] });
    } else {
      all.at(-1)!.lines.push(...cells(block).map(textOf));
      if (block.kind === 'code') all.at(-1)!.lines.push(block.text);
    }
  }
  return all;
}

/** What the glossary says of the term with that anchor; `null` if it does not have it. */
export function definition(manual: Manual, anchor: string): ManualText[] | null {
  const blocks = manual.chapters.find((chapter) => chapter.slug === 'glossary')?.blocks ?? [];
  const at = blocks.findIndex((block) => block.kind === 'heading' && block.anchor === anchor);
  const next = at < 0 ? undefined : blocks[at + 1];
  return next?.kind === 'paragraph' ? next.text : null;
}

/** Whether a piece of code in the manual is a key or a combination of keys. */
export const isKey = (text: string): boolean =>
  /^((Ctrl|Shift|Alt|Enter|Space|Home|End|Esc|Del|F6|[A-Z0-9]|[←→↑↓⌫?,.<>/[\]+=-])( |$))+$/.test(
    text,
  );
