// Several cameras of one incident on one clock, with the keyboard alone, and decisions by name.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, open, picture, type Theme } from './chromium';
import { FakeDesk } from './fake-desk';
import { cameras, ID } from './sample';

let browser: Browser;
const desk = new FakeDesk();
let address = '';
beforeAll(async () => {
  browser = await launch();
  address = await desk.start();
});
afterAll(async () => {
  await browser.close();
  desk.stop();
});
beforeEach(() => {
  desk.posts = [];
  desk.named = [];
  const all = cameras(desk.review, ['unit-12.mp4', 'unit-14.mp4', 'dash.mkv']);
  all[1]!.on_clock_seconds = 4;
  all[0]!.on_clock_seconds = 0;
  all[2]!.on_clock_seconds = -2.5;
  desk.recordings = all;
});

interface Options {
  theme?: Theme;
  size?: { width: number; height: number };
}

async function visit(act: (page: Page) => Promise<void>, options: Options = {}): Promise<void> {
  const { context, page, complaints } = await open(browser, options);
  await page.goto(`${address}/#/request/${ID.request}/cameras`);
  await page.getByRole('heading', { name: 'Cameras side by side' }).waitFor();
  await page.locator('video').first().waitFor({ state: 'attached' });
  await act(page);
  expect(complaints).toEqual([]);
  await context.close();
}

const pane = (page: Page, name: string) => page.getByRole('region', { name });
const times = (page: Page): Promise<string[]> => page.locator('[data-pane-time]').allInnerTexts();
/** The second that each video shows. */
const seconds = (page: Page): Promise<number[]> =>
  page.locator('video').evaluateAll((all) => all.map((v) => (v as HTMLVideoElement).currentTime));

test('cameras are on one clock, and all of it works with the keyboard', () =>
  visit(async (page) => {
    // The clock begins with the camera that began first.
    await expect.poll(() => times(page)).toEqual(['no picture', 'no picture', '0:00.00 · frame 0']);
    await pane(page, 'unit-12.mp4').getByText('Begins at 0:00.00').waitFor();
    for (let i = 0; i < 5; i += 1) await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(async () => (await times(page))[0]).toMatch(/frame 75/);
    expect((await times(page))[2]).toMatch(/frame 150/);
    await expect.poll(async () => Math.round(((await seconds(page))[2] ?? 0) * 10)).toBe(50);
    // One frame of the selected camera.
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => (await times(page))[0]).toMatch(/frame 76/);
    await page.keyboard.press('3');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(async () => (await times(page))[2]).toMatch(/frame 150/);
    // Sound: of one camera, or none.
    const muted = (): Promise<boolean[]> =>
      page.locator('video').evaluateAll((all) => all.map((v) => (v as HTMLVideoElement).muted));
    await expect.poll(muted).toEqual([false, true, true]);
    await page.keyboard.press('s');
    await expect.poll(muted).toEqual([true, true, false]);
    await page.keyboard.press('s');
    await expect.poll(muted).toEqual([true, true, true]);
    // They play together and stop together.
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.waitForTimeout(1500);
    await page.keyboard.press('k');
    const frame = Number(/frame (\d+)/.exec((await times(page))[2] ?? '')?.[1]);
    expect(frame).toBeGreaterThan(15);
    await page.keyboard.press('j');
    await page.waitForTimeout(400);
    await page.keyboard.press('k');
    const before = Number(/frame (\d+)/.exec((await times(page))[2] ?? '')?.[1]);
    expect(before).toBeLessThan(frame);
    const review = pane(page, 'dash.mkv').getByRole('link', { name: 'Open review of dash.mkv' });
    expect(await review.getAttribute('href')).toBe(`#/review/${ID.review}`);
  }));

test('playing cameras stay together', () =>
  visit(async (page) => {
    for (let i = 0; i < 7; i += 1) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Space');
    await page.waitForTimeout(2500);
    const [first, second, third] = await seconds(page);
    expect(Math.abs(first! - third! + 2.5)).toBeLessThan(0.35);
    expect(Math.abs(first! - second! - 4)).toBeLessThan(0.35);
    await page.keyboard.press('Space');
    await expect.poll(() => page.getByRole('button', { name: 'Play' }).count()).toBe(1);
  }));

test('a camera is placed by a number, by frames, and by what both show', () =>
  visit(async (page) => {
    const sent = async (): Promise<Record<string, unknown>[]> => {
      await page.getByText('Alignment: Saved').waitFor();
      await expect.poll(() => desk.posts.length).toBeGreaterThan(0);
      const last = desk.posts.at(-1)!;
      expect(last.path).toBe(`/requests/${ID.request}/cameras`);
      return (last.body as { cameras: Record<string, unknown>[] }).cameras;
    };
    const field = pane(page, 'unit-14.mp4').getByLabel('Starts at');
    await field.fill('0:03,25');
    await field.press('Tab');
    expect((await sent())[1]!['seconds']).toBe(3.25);
    await field.fill('soon');
    await field.press('Tab');
    await page.getByText('Enter seconds, such as 12.5.').waitFor();
    await field.fill('3.25');
    await field.press('Tab');
    desk.posts = [];
    await page.locator('h1').click();
    await page.keyboard.press('2');
    await page.keyboard.press(']');
    await expect.poll(() => field.inputValue()).toBe('3.283');
    expect((await sent())[1]!['seconds']).toBeCloseTo(3.25 + 1 / 30, 5);
    // Only the second camera moves; then both frames are at one moment.
    desk.posts = [];
    for (let i = 0; i < 6; i += 1) await page.keyboard.press('Shift+ArrowRight');
    const [before] = await times(page);
    await page.keyboard.press('a');
    await page.getByText('Moves alone').waitFor();
    await page.keyboard.press('Shift+ArrowRight');
    expect((await times(page))[0]).toBe(before);
    await checkAccess(page, ['wcag22aa']);
    await page.keyboard.press('Enter');
    expect((await sent())[1]!['seconds']).toBeCloseTo(2.25 + 1 / 30, 2);
    expect(await page.getByText('Moves alone').count()).toBe(0);
  }));

test('start times in the files are used if all have one', async () => {
  for (const [i, one] of desk.recordings!.entries()) {
    one.on_clock_seconds = null;
    one.media = { ...one.media!, recorded_at: `2026-03-02T10:00:0${3 - i}Z` };
  }
  await visit(async (page) => {
    const starts = page.getByLabel('Starts at');
    await expect.poll(() => starts.nth(0).inputValue()).toBe('2');
    await expect.poll(() => starts.nth(2).inputValue()).toBe('0');
    expect(await page.getByText('not placed yet').count()).toBe(3);
    await page.getByRole('button', { name: 'Use the start times in the files' }).click();
    await page.getByText('Alignment: Saved').waitFor();
    await expect.poll(() => desk.posts.length).toBeGreaterThan(0);
    expect(await page.getByText('not placed yet').count()).toBe(0);
  });
});

for (const [name, options] of Object.entries<Options>({
  light: {},
  dark: { theme: 'dark' },
  narrow: { size: { width: 800, height: 900 } },
  zoomed: { size: { width: 683, height: 384 } },
})) {
  test(`the page is accessible and fits: ${name}`, () =>
    visit(async (page) => {
      for (let i = 0; i < 8; i += 1) await page.keyboard.press('Shift+ArrowRight');
      await page.waitForTimeout(600);
      await picture(page, `cameras-${name}`);
      await checkAccess(page, ['wcag22aa']);
      await checkWidth(page);
    }, options));
}

test('a person named in another recording is named and decided in one step', async () => {
  const reason = desk.review.policy.reasons.find((r) => r.for !== 'hide')?.code ?? '';
  desk.named = [
    {
      name: 'Officer Diaz',
      recording: 'unit-14.mp4',
      tracks: 2,
      decision: { verdict: 'keep', reason: reason || 'nothing-to-withhold' },
    },
  ];
  const { context, page, complaints } = await open(browser);
  await page.goto(`${address}/#/review/${ID.review}`);
  await page.getByRole('tab', { name: /^Tracks/ }).click();
  await page.locator('[data-row]').first().click();
  await page.getByText('Named in other recordings (1)').click();
  await page.getByText('Faces are not matched across recordings').waitFor();
  await checkAccess(page, ['wcag22aa']);
  await picture(page, 'named-elsewhere');
  desk.saves = [];
  await page.getByRole('button', { name: 'Officer Diaz' }).click();
  await expect.poll(() => desk.saves.length).toBeGreaterThan(0);
  const saved = desk.saves.at(-1)!.tracks.filter((track) => track.person === 'Officer Diaz');
  expect(saved).toHaveLength(1);
  expect(saved[0]!.decision?.verdict).toBe('keep');
  expect(complaints).toEqual([]);
  await context.close();
});
