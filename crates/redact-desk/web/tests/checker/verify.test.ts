// verify.html, opened from disk in a browser without a network, says of good and bad releases what
// redact-verify and `redact verify` say of them, line by line: in Chromium and in Firefox, each with
// its own decoder. scripts/test-checker makes both.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAccess, checkWidth, CHROMIUM, launch, open, picture } from '../browser/chromium';
import { FIREFOX, launchFirefox } from '../browser/firefox';
import {
  filesInput,
  isChecked,
  isOwn,
  keyInput,
  type Lacking,
  linesOf as readLines,
  openChecker as openPage,
  PATIENCE,
  result,
} from './checker-page';
import { testPackages } from './packages';

const PAGE = process.env['REDACT_CHECKER_PAGE'] ?? '';
const CASES = process.env['REDACT_CHECKER_CASES'] ?? '';
const RELEASE = process.env['REDACT_CHECKER_RELEASE'] ?? '';

/** Firefox hands over colors, not what is coded: it measures fills alone, and as a screen shows them. */
const BROWSERS = [
  { name: 'Chromium', program: CHROMIUM, start: launch, hasColors: false },
  { name: 'Firefox', program: FIREFOX, start: launchFirefox, hasColors: true },
];

let browser: Browser;
/** Whether this browser measures masks in colors, and so finds figures of its own. */
let hasOwnFigures: boolean;

const openChecker = (lacking?: Lacking): ReturnType<typeof openPage> => openPage(browser, lacking);

const WITHOUT_WEBCODECS = ['VideoDecoder', 'AudioDecoder'];

const inCase = (name: string, file: string): string => resolve(CASES, name, file);
const filesOf = (name: string, ending = ''): string[] =>
  readdirSync(resolve(CASES, name))
    .filter((file) => !/\.(txt|key)$/.test(file) && file.endsWith(ending))
    .map((file) => inCase(name, file));
const linesOf = (name: string, file: string): string[] => readLines(inCase(name, file));

async function chooseKey(page: Page, name: string): Promise<void> {
  const buffer = readFileSync(inCase(name, 'trusted.key'));
  const line = /\(([^)]+)\)$/.exec(linesOf(name, 'verifier.txt')[0] ?? '');
  const file = `${line?.[1] ?? 'trusted'}.pub`;
  await keyInput(page).setInputFiles({ name: file, mimeType: 'text/plain', buffer });
}

const isAudit = (line: string): boolean => isChecked(line) && line.includes(' audit, ');

const words = (line: string): string => line.slice(0, line.indexOf(':'));

/** Every decoder conceals a broken picture, or refuses it, in its own way. */
async function agrees(page: Page, name: string, isBroken = false): Promise<string[]> {
  await chooseKey(page, name);
  await filesInput(page).setInputFiles(filesOf(name));
  const lines = await result(page);
  const found = lines.filter(isChecked);
  const small = linesOf(name, 'verifier.txt').filter(isChecked);
  expect(found.slice(0, small.length)).toEqual(small);
  const full = linesOf(name, 'full.txt').filter(isChecked).filter(isOwn);
  const comparable = (all: string[]): string[] =>
    (isBroken ? all.filter((line) => !isAudit(line)) : all).map((line) =>
      hasOwnFigures && line.includes(' audit, masks:') ? words(line) : line,
    );
  expect(comparable(found)).toEqual(comparable(full));
  return lines;
}

/** A browser that is not installed is left out, unless nothing may be. */
const isLeftOut = ({ name, program }: { name: string; program: string }): boolean => {
  if (existsSync(program)) return false;
  if (process.env['REDACT_TESTS_COMPLETE'] !== undefined) {
    throw new Error(`${name} is missing (${program}), and REDACT_TESTS_COMPLETE is set`);
  }
  console.warn(`not tested in ${name}: there is no ${program}`);
  return true;
};

const installed = BROWSERS.filter((one) => !isLeftOut(one));
describe.each(installed)('verify.html in $name', ({ name: browserName, start, hasColors }) => {
  const shot = (page: Page, name: string): Promise<void> =>
    picture(page, `${name}-${browserName.toLowerCase()}`);
  beforeAll(async () => {
    browser = await start();
    hasOwnFigures = hasColors;
  });
  afterAll(() => browser.close());

  describe('on packages', () => testPackages(() => browser, browserName, hasColors));

  it('says of a good release what the programs say, and reaches nothing', async () => {
    const { context, page, complaints, requests } = await openChecker();
    const lines = await agrees(page, 'good');
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([]);
    expect(lines.filter(isAudit)).toHaveLength(4);
    expect(lines.at(-1)).toMatch(/^verdict: ok \(\d+ checks\); \d+ not checked$/);
    const open = linesOf('good', 'verifier.txt').filter((line) => line.startsWith('- '));
    const left = open.map(words).filter((line) => !line.includes('every mask is opaque'));
    for (const line of left) expect(lines.map(words)).toContain(line);
    await checkAccess(page);
    await checkWidth(page);
    expect(requests.filter((url) => !/^(file|blob|data):/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
    // For a picture, playwright adds a style, which the page's policy refuses.
    await shot(page, 'checker-good');
    await page.pdf({ path: resolve(CASES, 'good.pdf') });
    await context.close();
  });

  it('plays the release with outlines and jumps to the items of the log', async () => {
    const { context, page } = await openChecker();
    await chooseKey(page, 'good');
    await filesInput(page).setInputFiles(filesOf('good'));
    await result(page);
    await page.getByRole('button', { name: / to / }).first().click();
    await page.waitForFunction(() => {
      const canvas = document.querySelector('canvas');
      const pixels = canvas?.width ? canvas.getContext('2d') : null;
      const data = pixels?.getImageData(0, 0, canvas?.width ?? 1, canvas?.height ?? 1).data;
      return data?.some((value) => value > 0) === true;
    });
    await shot(page, 'checker-player');
    await context.close();
  });

  it('sees a changed byte', async () => {
    const { context, page } = await openChecker();
    const lines = await agrees(page, 'byte', true);
    expect(lines.some((line) => line.startsWith('WRONG file, SHA-256'))).toBe(true);
    await expect(page.locator('.headline').textContent()).resolves.toContain('Something is wrong');
    await context.close();
  });

  it('shows an unknown key with its fingerprint, and does not trust one that came along', async () => {
    const { context, page } = await openChecker();
    const lines = await agrees(page, 'key');
    expect(lines[0]).toMatch(/^WRONG manifest, signature: valid, but .* is not trusted here$/);
    const { createHash } = await import('node:crypto');
    const line = readFileSync(inCase('good', 'trusted.key'), 'utf8').split('\n')[1] ?? '';
    const fingerprint = createHash('sha256').update(line).digest('hex');
    const shown = await page.locator('.fingerprint').first().textContent();
    expect(shown?.replaceAll(' ', '')).toContain(fingerprint);
    await page.reload();
    const along = {
      name: 'agency.pub',
      mimeType: 'text/plain',
      buffer: Buffer.from(`c\n${line}\n`),
    };
    const files = filesOf('good').map((path) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      mimeType: 'application/octet-stream',
      buffer: readFileSync(path),
    }));
    await filesInput(page).setInputFiles([...files, along]);
    expect((await result(page))[0]).toContain('is not trusted here');
    await page.locator('#came-along').waitFor();
    await shot(page, 'checker-unknown-key');
    // Compared with the fingerprint from elsewhere, the same key is trusted.
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Check with this key' }).click();
    await page.locator('.headline.ok').waitFor();
    expect((await result(page))[0]).toMatch(
      /^ok {4}manifest, signature: valid, by key .*confirmed/,
    );
    await context.close();
  });

  it('sees the manifest of another release', async () => {
    const { context, page } = await openChecker();
    const lines = await agrees(page, 'manifest');
    expect(lines.some((line) => line.startsWith('WRONG file, SHA-256'))).toBe(true);
    await context.close();
  });

  it('sees a fill that carries five levels', async () => {
    const { context, page } = await openChecker();
    const lines = await agrees(page, 'levels');
    expect(lines.some((line) => line.startsWith('WRONG audit, masks'))).toBe(true);
    await context.close();
  });

  it.each([
    ['hands over no decoded pictures', ['VideoDecoder']],
    ['has no WebCodecs at all', WITHOUT_WEBCODECS],
  ])('measures fills in a browser that %s', async (_, classes) => {
    const { context, page } = await openChecker({ classes });
    await chooseKey(page, 'short');
    await filesInput(page).setInputFiles(filesOf('short'));
    const lines = await result(page);
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([]);
    const masks = 'ok    audit, masks: fills measured in 45 of 45 frames that have some';
    expect(lines.filter((line) => line.startsWith(masks))).toHaveLength(1);
    expect(lines).toContain('ok    audit, frames: 45 of 45 frames in the file');
    const left = lines.filter((line) => line.startsWith('- ')).map(words);
    expect(left).toContain('-     audit, 1 blurred or pixelated masks');
    expect(left).toContain('-     audit, data darker than black in fills');
    const hasSound = !classes.includes('AudioDecoder');
    expect(lines.some((line) => line.startsWith('ok    audit, mutes'))).toBe(hasSound);
    expect(left.includes('-     audit, every mute is silent')).toBe(!hasSound);
    await context.close();
  });

  it('sees a fill that carries five levels without WebCodecs', async () => {
    const { context, page } = await openChecker({ classes: WITHOUT_WEBCODECS });
    await chooseKey(page, 'short-levels');
    await filesInput(page).setInputFiles(filesOf('short-levels'));
    const lines = await result(page);
    expect(lines.some((line) => line.startsWith('WRONG audit, masks'))).toBe(true);
    await context.close();
  });

  it('measures nothing, and says so, where frames have no names either', async () => {
    const lacking = { classes: WITHOUT_WEBCODECS, frameNames: true };
    const { context, page } = await openChecker(lacking);
    await chooseKey(page, 'short');
    await filesInput(page).setInputFiles(filesOf('short'));
    const lines = await result(page);
    expect(lines.filter(isAudit)).toEqual([]);
    const left = lines.find((line) => line.startsWith('-     audit, every mask is opaque'));
    expect(left).toContain('this browser does not say which frame it shows');
    expect(lines.at(-1)).toMatch(/^verdict: ok \(nothing was decoded\)/);
    await context.close();
  });

  it('sees a changed record', async () => {
    const { context, page } = await openChecker();
    const lines = await agrees(page, 'record');
    expect(lines.some((line) => line.startsWith('WRONG manifest, signature'))).toBe(true);
    await context.close();
  });

  it('checks several releases, one after the other', async () => {
    const { context, page } = await openChecker();
    await chooseKey(page, 'good');
    const stem = RELEASE.replace('.mp4', '');
    const both = [stem, 'second'].flatMap((name) =>
      filesOf('good').map((path) => ({
        name: path.slice(path.lastIndexOf('/') + 1).replace(stem, name),
        mimeType: 'application/octet-stream',
        buffer: readFileSync(path),
      })),
    );
    await filesInput(page).setInputFiles(both);
    await page
      .locator('[data-release="second.mp4"][data-done="true"]')
      .waitFor({ timeout: PATIENCE });
    await page.locator(`[data-release="${RELEASE}"][data-done="true"]`).waitFor();
    expect(await page.locator('.headline.ok').count()).toBe(2);
    await context.close();
  });

  it('says what is missing, and what a browser without WebAssembly lacks', async () => {
    const { context, page } = await openChecker();
    await filesInput(page).setInputFiles(filesOf('good', '.mp4'));
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain(RELEASE.replace('.mp4', '.manifest.json.minisig'));
    await context.close();
    const bare = await open(browser);
    await bare.page.addInitScript(() => {
      delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
    });
    await bare.page.goto(pathToFileURL(PAGE).href);
    expect(await bare.page.locator('main').textContent()).toContain('no WebAssembly');
    await bare.context.close();
    // Without JavaScript, the page is what stands in the file.
    expect(readFileSync(PAGE, 'utf8')).toContain('<strong>Nothing has been checked.</strong>');
  });
});
