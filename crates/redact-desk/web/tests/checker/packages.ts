// verify.html says of good and bad packages what the programs say of them, line by line.
// scripts/checker-packages makes them.
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { checkAccess, checkWidth, picture } from '../browser/chromium';
import {
  filesInput,
  folderInput,
  isChecked,
  isOwn,
  keyInput,
  linesOf,
  openChecker,
  result,
} from './checker-page';

const CASES = resolve(process.env['REDACT_CHECKER_CASES'] ?? '', 'packages');
const inCase = (name: string, ...path: string[]): string => resolve(CASES, name, ...path);

interface Case {
  name: string;
  goal: string;
  /** The failed checks begin with these words; each is found. */
  wrong: RegExp[];
  /** Whether a picture is broken: then each decoder has its own words and figures for it. */
  isBroken?: boolean;
}

const GOOD: Case[] = [
  { name: 'folder', goal: 'a folder, as on a disc that cannot be written', wrong: [] },
  { name: 'zip', goal: 'a ZIP archive', wrong: [] },
  { name: 'disc', goal: 'a disc image', wrong: [] },
  { name: 'parts', goal: 'an exhibit in parts', wrong: [] },
];

const BAD: Case[] = [
  {
    name: 'byte',
    goal: 'a changed byte',
    wrong: [
      /^WRONG package, changed file: exhibits\/exhibit-01.mp4/,
      /^WRONG exhibit 1: file, SHA-256/,
    ],
    isBroken: true,
  },
  {
    name: 'swapped',
    goal: 'two parts that were exchanged',
    wrong: [
      /^WRONG package, swapped file: .*part-2-of-\d+.mp4 has the content of .*part-3-of-\d+.mp4/,
      /^WRONG exhibit 1, part 2: part, its place in the release: .*the package has it as part 2/,
    ],
  },
  {
    name: 'key',
    goal: 'a key that nobody vouched for',
    wrong: [
      /^WRONG package, signature: valid, but key .* is not trusted here/,
      /^WRONG package, added file: agency.pub/,
    ],
  },
  {
    name: 'levels',
    goal: 'a fill that carries five levels',
    wrong: [/^WRONG exhibit 2: audit, masks/],
  },
  {
    name: 'manifest',
    goal: 'the manifest of another release',
    wrong: [/^WRONG package, exhibit 2 as in its manifest/, /^WRONG exhibit 2: file, SHA-256/],
  },
  {
    name: 'missing',
    goal: 'a missing part',
    wrong: [/^WRONG package, missing file: .*part-3-of-\d+.mp4/],
  },
  {
    name: 'added',
    goal: 'an added file',
    wrong: [/^WRONG package, added file: exhibits\/notes.txt/],
  },
  { name: 'damaged', goal: 'a damaged archive', wrong: [/^WRONG package, can be read: not a val/] },
];

/** Only Chromium takes a folder, a file that is dropped, or a change of media from a program. */
const isChromium = (page: Page): boolean =>
  page.context().browser()?.browserType().name() === 'chromium';

async function choosePackage(page: Page, name: string): Promise<void> {
  const keys = readdirSync(inCase(name, 'keys')).map((key) => inCase(name, 'keys', key));
  await keyInput(page).setInputFiles(keys);
  const found = readdirSync(inCase(name)).find((file) => file.startsWith('package')) ?? '';
  await chooseFound(page, name, found);
}

async function chooseFound(page: Page, name: string, found: string): Promise<void> {
  const isFolder = found === 'package';
  if (isFolder && !isChromium(page)) {
    return filesInput(page).setInputFiles(inCase(name, 'zipped.zip'));
  }
  await (isFolder ? folderInput(page) : filesInput(page)).setInputFiles(inCase(name, found));
}

/** What a line checks or leaves, without what was found. */
const subject = (line: string): string => /^.{6}(exhibit [^:]*: )?[^:]*/.exec(line)?.[0] ?? line;

/** The program also measures the padding at the end of a track that begins late. */
const withoutSamples = (line: string): string => line.replace(/\d+ samples measured/, 'measured');

/** The lines of a package that the page has checked; they are those of the programs. */
async function agrees(
  page: Page,
  { name, isBroken = false }: Case,
  hasOwnFigures: boolean,
): Promise<string[]> {
  await choosePackage(page, name);
  const lines = await result(page);
  const found = lines.filter(isChecked);
  const small = linesOf(inCase(name, 'verifier.txt')).filter(isChecked);
  const withoutAudit = found.filter((line) => !/^(ok|WRONG) +exhibit [^:]*: audit, /.test(line));
  expect(withoutAudit).toEqual(small);
  const full = linesOf(inCase(name, 'full.txt')).filter(isChecked).filter(isOwn);
  const hasOther = (line: string): boolean =>
    (isBroken && line.includes(' audit, ')) || (hasOwnFigures && line.includes(' audit, masks:'));
  const same = (line: string): string => (hasOther(line) ? subject(line) : withoutSamples(line));
  // A browser may conceal a broken picture, which the program refuses: the digest tells both.
  const isLeftOut = (line: string): boolean =>
    isBroken && hasOwnFigures && / exhibit [^:]*: audit, /.test(line);
  const kept = (all: string[]): string[] => all.filter((line) => !isLeftOut(line)).map(same);
  expect(kept(found)).toEqual(kept(full));
  return lines;
}

/**
 * Tests of packages in the browser that `browser` gives once it runs; `hasOwnFigures`: it measures
 * masks in colors, and so finds figures of its own.
 */
export function testPackages(
  browser: () => Browser,
  browserName: string,
  hasOwnFigures: boolean,
): void {
  const shot = (page: Page, name: string): Promise<void> =>
    picture(page, `checker-package-${name}-${browserName.toLowerCase()}`);

  it.each(GOOD)('passes a good package: $goal', async (one) => {
    const { context, page, complaints, requests } = await openChecker(browser());
    const lines = await agrees(page, one, hasOwnFigures);
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^verdict: ok \(\d+ checks\); \d+ not checked$/);
    // What redact-verify leaves, the page leaves too, but for what it measures.
    const open = linesOf(inCase(one.name, 'verifier.txt')).filter((line) => line.startsWith('- '));
    const left = open.filter((line) => !line.includes('every mask is opaque')).map(subject);
    expect(lines.map(subject)).toEqual(expect.arrayContaining(left));
    for (const row of await page.locator('tr[data-exhibit]').allTextContents()) {
      expect(row).toMatch(/ok \(\d+ checks\)/);
      const [, done, all] = /(\d+) of (\d+)/.exec(row) ?? [];
      expect(done).toBe(all);
    }
    expect(await page.locator('.headline.ok').textContent()).toContain('Example Police Department');
    await checkAccess(page);
    await checkWidth(page);
    expect(requests.filter((url) => !/^(file|blob|data):/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
    // For a picture, playwright adds a style, which the page's policy refuses.
    await shot(page, one.name);
    await context.close();
  });

  it.each(BAD)('finds $goal', async (one) => {
    const { context, page } = await openChecker(browser());
    const lines = await agrees(page, one, hasOwnFigures);
    for (const wrong of one.wrong) expect(lines.some((line) => wrong.test(line))).toBe(true);
    expect(await page.locator('.headline.ok').count()).toBe(0);
    await shot(page, one.name);
    await context.close();
  });

  it('plays each exhibit with outlines and jumps to the items of its log', async () => {
    const { context, page } = await openChecker(browser());
    await choosePackage(page, 'zip');
    await result(page);
    for (const label of ['exhibit 1', 'exhibit 2']) {
      await page.getByRole('button', { name: `Play ${label}` }).click();
      const opened = page.locator(`tr[data-exhibit="${label}"] + tr`);
      await opened.getByRole('button', { name: / to / }).first().click();
      await opened.locator('canvas').waitFor();
      await page.waitForFunction(
        (at) => {
          const canvas = document.querySelectorAll('canvas')[at];
          const pixels = canvas?.width ? canvas.getContext('2d') : null;
          const data = pixels?.getImageData(0, 0, canvas?.width ?? 1, canvas?.height ?? 1).data;
          return data?.some((value) => value > 0) === true;
        },
        Number(label.at(-1)) - 1,
      );
    }
    await shot(page, 'player');
    await context.close();
  });

  it('shows an unknown key with its fingerprint, and trusts it only once it was compared', async () => {
    const { context, page } = await openChecker(browser());
    const { createHash } = await import('node:crypto');
    const key = linesOf(inCase('folder', 'keys', 'agency.pub'))[1] ?? '';
    await filesInput(page).setInputFiles(inCase('zip', 'package.zip'));
    await result(page);
    const headline = page.locator('.headline');
    expect(await headline.textContent()).toContain('not known who signed it');
    const shown = await page.locator('.fingerprint').first().textContent();
    const fingerprint = createHash('sha256').update(key).digest('hex');
    expect(shown?.replaceAll(' ', '')).toContain(fingerprint);
    await shot(page, 'unknown-key');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Check with this key' }).click();
    await page.locator('.headline.ok').waitFor();
    const lines = await result(page);
    expect(lines[0]).toMatch(/^ok {4}package, signature: valid, by key .*confirmed/);
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([]);
    await context.close();
  });

  it('does not trust a key that is in the package', async () => {
    const { context, page } = await openChecker(browser());
    await chooseFound(page, 'key', 'package');
    const lines = await result(page);
    expect(lines[0]).toContain('is not trusted here');
    expect(await page.locator('#keys-inside').textContent()).toContain('agency.pub');
    await context.close();
  });

  it('says what to do with an encrypted package, two packages and other files', async () => {
    const { context, page } = await openChecker(browser());
    const alert = page.getByRole('alert');
    await filesInput(page).setInputFiles(inCase('encrypted', 'package.zip.age'));
    await result(page);
    expect(await alert.textContent()).toContain('decrypt it first');
    await filesInput(page).setInputFiles([
      inCase('zip', 'package.zip'),
      inCase('disc', 'package.iso'),
    ]);
    await page.getByText('There are 2 packages').waitFor();
    expect(await page.locator('.case').count()).toBe(0);
    if (!isChromium(page)) return context.close();
    await folderInput(page).setInputFiles(inCase('folder', 'keys'));
    await page.getByText('neither a package nor').waitFor();
    await folderInput(page).setInputFiles(inCase('folder', 'package', 'exhibits'));
    await page.getByText('These files look like a package').waitFor();
    await context.close();
  });

  it('prints the whole verdict', async (test) => {
    const { context, page } = await openChecker(browser());
    if (!isChromium(page)) {
      await context.close();
      return test.skip();
    }
    await choosePackage(page, 'parts');
    const lines = await result(page);
    await page.emulateMedia({ media: 'print' });
    const list = page.getByRole('list', { name: 'Checks' }).getByRole('listitem');
    expect(await list.count()).toBe(lines.length);
    expect(await page.locator('.no-print:visible').count()).toBe(0);
    await shot(page, 'print');
    await context.close();
  });

  it('takes a folder that is dropped', async (test) => {
    const { context, page } = await openChecker(browser());
    if (!isChromium(page)) {
      await context.close();
      return test.skip();
    }
    const client = await context.newCDPSession(page);
    const zone = page.getByRole('group', { name: 'What you received' });
    const box = await zone.boundingBox();
    if (box === null) throw new Error('the zone is not shown');
    const data = { items: [], files: [inCase('folder', 'package')], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await client.send('Input.dispatchDragEvent', { type, x: box.x + 9, y: box.y + 9, data });
    }
    const lines = await result(page);
    expect(lines[0]).toContain('package, signature: valid, but key');
    expect(lines.some((line) => line.includes('missing file: none'))).toBe(true);
    await context.close();
  });
}
