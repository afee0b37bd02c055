// The transcript in a review: reading, searching, selecting, muting, correcting, and working
// through the proposals, with the mouse and with the keys alone.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { ReviewDocument } from '../../src/api/types';
import { checkAccess, checkWidth, picture, ROOT, SHOTS } from './chromium';
import { FakeDesk } from './fake-desk';
import { desk, type Opening, openReview, page, reviewTests, saved, useDesk } from './review-page';
import { tenMinutesFound, tenMinutesTimeline } from './sample';
import { demoTranscript, muteByPolicy, PADDING, tenMinutesTranscript } from './transcripts';

reviewTests((fresh) => muteByPolicy(fresh, demoTranscript()));

async function openTranscript(options: Opening = {}): Promise<void> {
  await openReview(options);
  await page.keyboard.press('4');
}
const word = (text: string, nth = 0): ReturnType<Page['locator']> =>
  page.locator('[data-place]', { hasText: new RegExp(`^${text}\\s*$`) }).nth(nth);
const seconds = (): Promise<number> =>
  page.evaluate(() => document.querySelector('video')!.currentTime);
const settled = (): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('video')?.seeking === false);
const selected = (): Promise<string> =>
  page.evaluate(() =>
    [...document.querySelectorAll('[data-place][aria-selected="true"]')]
      .map((w) => w.textContent.trim())
      .join(' '),
  );

/** Whether all of a span is muted on all sound tracks. */
function isMuted(document: ReviewDocument, start: number, end: number): boolean {
  let at = start;
  for (const m of [...document.mutes].sort((a, b) => a.start_seconds - b.start_seconds)) {
    if (m.start_seconds <= at) at = Math.max(at, m.end_seconds);
  }
  return at >= end;
}
const touched = (document: ReviewDocument, start: number, end: number): boolean =>
  document.mutes.some((m) => m.start_seconds < end && start < m.end_seconds);

test('a click on a word goes there, and what is muted or not understood can be told', async () => {
  await openTranscript();
  await word('Oak').click();
  await settled();
  expect(await seconds()).toBeGreaterThan(3.39);
  expect(await seconds()).toBeLessThan(3.5);
  await page.getByRole('heading', { name: '1 word' }).waitFor();
  await page.getByText('Proposed: street address.').waitFor();
  expect(await word('Jordan').getAttribute('aria-label')).toBe('Jordan, muted, Person name');
  expect(
    await page
      .getByText(/^\[not understood/)
      .first()
      .innerText(),
  ).toContain('words unsure');
  // By its line, too, not by its color alone.
  const line = await word('Jordan').evaluate((w) => getComputedStyle(w).textDecorationLine);
  expect(line).toContain('line-through');
  const audible = await word('live').evaluate((w) => getComputedStyle(w).textDecorationLine);
  expect(audible).not.toContain('line-through');
  await checkAccess(page);
  await picture(page, 'transcript');
});

test('the word being said is marked and stays in view', async () => {
  await openTranscript({ size: { width: 1180, height: 640 } });
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  await page.waitForFunction(
    () => document.querySelector('.saying')?.textContent.trim() === 'Smith,',
  );
  await page.waitForFunction(
    () => document.querySelector('.saying')?.textContent.trim() === 'Call',
  );
  const inside = await page.evaluate(() => {
    const [word, list] = [document.querySelector('.saying')!, document.querySelector('.scroller')!];
    const [a, b] = [word.getBoundingClientRect(), list.getBoundingClientRect()];
    return a.top >= b.top && a.bottom <= b.bottom;
  });
  expect(inside).toBe(true);
  await page.keyboard.press('Space');
});

test('words are selected with the mouse, muted and made audible for a reason', async () => {
  await openTranscript();
  await word('I').hover();
  await page.mouse.down();
  await word('at').hover();
  await page.mouse.up();
  expect(await selected()).toBe('I live at');
  await page.keyboard.press('h');
  let made = await saved();
  expect(isMuted(made, 2.2, 3.08)).toBe(true);
  await page.keyboard.press('Control+z');
  made = await saved();
  expect(isMuted(made, 2.2, 3.08)).toBe(false);
  await page.keyboard.press('Control+Shift+z');
  await page.getByLabel('Keep audible: reason').selectOption('nothing-to-withhold');
  made = await saved();
  expect(touched(made, 2.3, 2.78)).toBe(false);
  // The address beside it stays muted with its padding.
  expect(isMuted(made, 3.1 - PADDING, 3.96)).toBe(true);
  await word('Oak').click();
  await word('Smith,').click({ modifiers: ['Shift'] });
  expect(await selected()).toBe('Smith, and I live at 12 Oak');
});

test('all is done with the keys alone', async () => {
  await openTranscript();
  await page.keyboard.press('y');
  await page.keyboard.press('Control+Home');
  expect(await selected()).toBe('My');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  expect(await selected()).toBe('Jordan Smith,');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Home');
  expect(await selected()).toBe('My');
  await page.keyboard.press('Shift+End');
  expect(await selected()).toBe('My name is Jordan Smith, and I live at 12 Oak');
  await page.keyboard.press('h');
  await page.getByText('Words muted').first().waitFor();
  // A search, from the keyboard, to a correction.
  await page.keyboard.press('/');
  await page.keyboard.type('oak str');
  await page.getByText('1', { exact: true }).first().waitFor();
  await page.keyboard.press('Enter');
  expect(await selected()).toBe('Oak Street.');
  await page.keyboard.press('Escape');
  await page.keyboard.press('y');
  await page.keyboard.press('Enter');
  const field = page.getByRole('textbox', { name: 'Correct “Street.”' });
  await field.waitFor();
  await checkAccess(page);
  await page.keyboard.type('Streat');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Avenue.');
  await page.keyboard.press('Enter');
  await word('Avenue\\.').waitFor();
  expect((await saved()).words).toEqual([{ voice: 0, word: 11, text: 'Avenue.' }]);
  await page.keyboard.press('Enter');
  await page.keyboard.type('nothing of this');
  await page.keyboard.press('Escape');
  await word('Avenue\\.').waitFor();
  expect((await saved()).words).toHaveLength(1);
});

test('a word is corrected with a double click, and the original takes it back', async () => {
  await openTranscript();
  await word('Oak').dblclick();
  await page.getByRole('textbox', { name: 'Correct “Oak”' }).waitFor();
  await page.keyboard.type('Oakum');
  await page.keyboard.press('Enter');
  await page.getByText('Recognized as “Oak”.').waitFor();
  expect((await saved()).words).toEqual([{ voice: 0, word: 10, text: 'Oakum' }]);
  await picture(page, 'transcript-corrected');
  await word('Oakum').dblclick();
  await page.getByRole('textbox', { name: 'Correct “Oakum”' }).fill('Oak');
  await page.keyboard.press('Enter');
  expect((await saved()).words).toEqual([]);
});

test('what is said several times is muted everywhere, in one step', async () => {
  desk.review = { ...desk.review, document: { ...desk.review.document, mutes: [] } };
  await openTranscript();
  await word('Jordan').click();
  await page.getByRole('button', { name: 'Mute everywhere (2)' }).waitFor();
  await page.keyboard.press('Shift+h');
  await page.getByText('Muted in 2 places').first().waitFor();
  const made = await saved();
  expect(made.mutes).toHaveLength(2);
  expect(isMuted(made, 1.3, 1.58) && isMuted(made, 7.6, 7.88)).toBe(true);
  await page.keyboard.press('Control+z');
  expect((await saved()).mutes).toEqual([]);
});

test('proposals are checked with one key each: unclear ones first, then by class', async () => {
  await openTranscript();
  await page.getByRole('button', { name: 'To check 6' }).click();
  await picture(page, 'transcript-proposals');
  await checkAccess(page);
  const rows = page.getByRole('list', { name: 'Proposals' }).getByRole('listitem');
  const names = (await rows.allInnerTexts()).map((text) => text.split('\n')[0]);
  expect(names).toEqual([
    'Not understood: words unsure',
    'Not understood: no words found',
    'Person name',
    'Person name',
    'Phone number',
    'Street address',
  ]);
  await page.keyboard.press('t');
  await page.getByRole('heading', { name: 'Not understood' }).waitFor();
  expect(await page.evaluate(() => document.querySelector('video')!.paused)).toBe(false);
  await page.keyboard.press('h');
  await page.keyboard.press('x');
  await page.keyboard.press('h');
  await page.keyboard.press('h');
  await page.keyboard.press('x');
  await page.getByText('1 of 6 left').waitFor();
  await page.keyboard.press('h');
  await page.getByText('0 of 6 left').waitFor();
  const made = await saved();
  expect(made.checked_items?.map((c) => [c.voice, c.kind, c.item, c.muted])).toEqual([
    [0, 'unclear', 0, false],
    [0, 'personal', 0, true],
    [0, 'personal', 1, true],
    [0, 'personal', 2, false],
    [0, 'personal', 3, true],
    [1, 'unclear', 0, true],
  ]);
  // What was rejected is audible for a reason; a name that its padding reaches is not.
  expect(touched(made, 9.1, 9.8)).toBe(false);
  expect(made.kept_speech!.every((k) => k.reason === 'nothing-to-withhold')).toBe(true);
  expect(touched(made, 6.7, 7.28)).toBe(false);
  expect(isMuted(made, 7.6 - PADDING, 7.88 + PADDING)).toBe(true);
  expect(isMuted(made, 1.3 - PADDING, 1.88 + PADDING)).toBe(true);
  await picture(page, 'transcript-checked');
});

test('an item plays from a second before to a second after', async () => {
  await openTranscript();
  await page.getByRole('button', { name: 'To check 6' }).click();
  await page.getByRole('button', { name: /^Phone number/ }).click();
  await page.waitForFunction(() => !document.querySelector('video')!.paused);
  const from = await seconds();
  expect(from).toBeGreaterThan(5.5);
  await page.waitForFunction(() => document.querySelector('video')!.paused);
  const to = await seconds();
  expect(to).toBeGreaterThan(8.1);
  expect(to).toBeLessThan(8.8);
});

test('a review without a transcript says how to get one, and works as before', async () => {
  desk.transcript = null;
  await openTranscript();
  await page.getByRole('heading', { name: 'No transcript' }).waitFor();
  await page.getByText(/Once an administrator has installed it/).waitFor();
  await checkAccess(page);
  await picture(page, 'transcript-none');
  await page.keyboard.press('t');
  await page.getByText('This recording has no transcript.').waitFor();
  await page.keyboard.press('u');
  await page.keyboard.press('h');
  expect((await saved()).tracks[0]?.decision?.verdict).toBe('redact');
});

for (const theme of ['light', 'dark'] as const) {
  test(`the transcript is legible at every size: ${theme}`, async () => {
    await openTranscript({ theme, size: { width: 1920, height: 1080 } });
    await word('Jordan').click();
    await page.keyboard.press('/');
    await page.keyboard.type('jor');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('Alt+=');
    await page.keyboard.press('Escape');
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('Alt+=');
    await page.keyboard.press('>');
    await page.waitForTimeout(200);
    for (const size of [
      { width: 1920, height: 1080 },
      { width: 1366, height: 768 },
      { width: 800, height: 900 },
    ]) {
      await page.setViewportSize(size);
      await page.waitForTimeout(250);
      await checkWidth(page);
      await checkAccess(page);
      await picture(page, `transcript-${theme}-${size.width}`);
      await page.getByRole('button', { name: /^To check/ }).click();
      await page.waitForTimeout(100);
      await checkAccess(page);
      await picture(page, `transcript-items-${theme}-${size.width}`);
      await page.getByRole('button', { name: 'Text', exact: true }).click();
    }
  });
}

/**
 * Goal: ten minutes with 20 spoken items are cleared in under four minutes.
 * Method: the session is carried out with the keys, and each item is played to its end; a person's
 * 3 s to decide are added for each. A real person decides while the item plays.
 */
test('ten minutes with 20 spoken items are cleared in under four minutes', async () => {
  desk.stop();
  const clip = resolve(SHOTS, 'ten-minutes-sound.mp4');
  const demo = resolve(ROOT, 'fixtures/demo.mp4');
  const loop = ['-v', 'error', '-y', '-stream_loop', '59', '-i', demo];
  execFileSync('ffmpeg', [...loop, '-map', '0:v', '-c', 'copy', clip]);
  useDesk(new FakeDesk(tenMinutesFound(), tenMinutesTimeline(), clip));
  const transcript = tenMinutesTranscript();
  muteByPolicy(desk, transcript);
  await openTranscript();
  await page.getByRole('button', { name: 'To check 20' }).click();
  let keys = 0;
  let heard = 0;
  const start = Date.now();
  const press = async (key: string): Promise<void> => {
    keys += 1;
    await page.keyboard.press(key);
  };
  await press('t');
  for (let item = 0; item < 20; item += 1) {
    await page.waitForFunction(() => !document.querySelector('video')!.paused);
    const began = Date.now();
    await page.waitForFunction(() => document.querySelector('video')!.paused);
    heard += (Date.now() - began) / 1000;
    await press(item % 7 === 3 ? 'x' : 'h');
  }
  await page.getByText('0 of 20 left').waitFor();
  const made = await saved();
  const whole = (Date.now() - start) / 1000;
  const person = 20 * 3;
  console.info(
    `20 spoken items: ${keys} keys, ${heard.toFixed(1)} s heard, ` +
      `${(whole - heard).toFixed(1)} s machine, with a person ${(whole + person).toFixed(0)} s`,
  );
  expect(made.checked_items).toHaveLength(20);
  expect(made.checked_items!.filter((c) => !c.muted)).toHaveLength(3);
  expect(whole + person).toBeLessThan(240);
});
