// A review in a browser, against a desk in memory: what every test of it begins with.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { ReviewDocument } from '../../src/api/types';
import { launch, open, type Theme, type Watched } from './chromium';
import { FakeDesk } from './fake-desk';
import { ID } from './sample';

/** The desk and the page of the test that runs. */
export let desk: FakeDesk;
export let page: Page;
export let watched: Watched;
let browser: Browser;

/** Every test of a file gets a desk, made ready by `prepare`; its page may not complain. */
export function reviewTests(prepare: (desk: FakeDesk) => void = () => undefined): void {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    desk = new FakeDesk();
    prepare(desk);
  });
  afterEach(async () => {
    expect(watched.complaints).toEqual([]);
    await watched.context.close();
    desk.stop();
  });
}

/** Another desk for this test. */
export function useDesk(other: FakeDesk): void {
  desk = other;
}

/** The page that the test goes on with. */
export function usePage(other: Page): void {
  page = other;
}

export interface Opening {
  size?: { width: number; height: number };
  theme?: Theme;
}

/** Opens the review, up to its first frame; gives the address of the desk. */
export async function openReview(options: Opening = {}): Promise<string> {
  watched = await open(browser, options);
  page = watched.page;
  const address = await desk.start();
  await page.goto(`${address}/#/review/${ID.review}`);
  await ready();
  return address;
}

/** Waits for the inspector and the video. */
export async function ready(): Promise<void> {
  await page.locator('.inspector h2').waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
}

/** The document, once everything is saved; a change is saved after half a second. */
export async function saved(): Promise<ReviewDocument> {
  await page.waitForTimeout(700);
  await page.locator('[data-save="saved"]').waitFor();
  return desk.review.document;
}

export async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** The frame that is shown. */
export async function frame(): Promise<number> {
  return Number(/frame (\d+)/.exec(await page.getByText(/^frame \d+/).innerText())![1]);
}

/** A heading of the inspector. */
export const heading = (name: string | RegExp): ReturnType<Page['locator']> =>
  page.locator('.inspector').getByRole('heading', { name });
