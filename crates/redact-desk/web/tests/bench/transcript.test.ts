// The transcript at its largest, measured: four hours with 40,000 words and 2,000 proposals, in the
// built page against a desk in memory. Prints its figures, and fails where a person would wait.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, picture, type Watched } from '../browser/chromium';
import { FakeDesk } from '../browser/fake-desk';
import { ID, tenMinutesFound } from '../browser/sample';
import { hoursTranscript, muteByPolicy } from '../browser/transcripts';

const FRAMES = 4 * 3600 * 30;
let browser: Browser;
let watched: Watched;
let page: Page;
let address = '';
const desk = new FakeDesk(tenMinutesFound(), {
  frames: FRAMES,
  num: 1,
  den: 30,
  runs: [[FRAMES, 1]],
});

beforeAll(async () => {
  browser = await launch();
  address = await desk.start();
  watched = await open(browser);
  page = watched.page;
});
afterAll(async () => {
  await browser.close();
  desk.stop();
});

function figures(what: string, took: number[]): number {
  const sorted = [...took].sort((a, b) => a - b);
  const [median, most] = [0.5, 0.95].map(
    (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!,
  ) as [number, number];
  console.info(`${what}: median ${median.toFixed(1)} ms, 95 % ${most.toFixed(1)} ms`);
  return median;
}
async function openings(): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    await page.goto('about:blank');
    const start = performance.now();
    await page.goto(`${address}/#/review/${ID.review}`);
    await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
    took.push(performance.now() - start);
  }
  return took;
}

test('a transcript of 40,000 words hardly delays the review', async () => {
  const without = figures('review without a transcript', await openings());
  const transcript = hoursTranscript();
  muteByPolicy(desk, transcript);
  const words = transcript.voices[0]!.words.length;
  const items = transcript.voices[0]!.personal.length;
  console.info(`${words} words, ${items} items`);
  expect(words).toBeGreaterThan(40_000);
  const withWords = figures('review with the transcript', await openings());
  expect(withWords - without).toBeLessThan(1000);
});

test('the words are shown at once, and few of them exist in the page', async () => {
  const start = performance.now();
  await page.keyboard.press('4');
  await page.locator('[data-place]').first().waitFor();
  console.info(`words shown after ${(performance.now() - start).toFixed(0)} ms`);
  expect(performance.now() - start).toBeLessThan(1000);
  expect(await page.locator('[data-place]').count()).toBeLessThan(1000);
  await picture(page, 'bench-transcript');
});

/** Times of pictures while the list scrolls. */
function scrolling(list: string): Promise<number[]> {
  return page.evaluate(async (selector) => {
    const scroller = document.querySelector(selector)!;
    const took: number[] = [];
    for (let i = 0; i < 120; i += 1) {
      const start = performance.now();
      scroller.scrollTop = i * 400;
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      took.push((performance.now() - start) / 2);
    }
    return took;
  }, list);
}

test('words and proposals scroll smoothly', async () => {
  const words = figures('a picture while the words scroll', await scrolling('[data-transcript]'));
  expect(words).toBeLessThan(50);
  await page.getByRole('button', { name: /^To check/ }).click();
  const items = figures('a picture while the proposals scroll', await scrolling('.side .scroll'));
  expect(items).toBeLessThan(50);
  await page.getByRole('button', { name: 'Text', exact: true }).click();
});

test('a search finds while one types', async () => {
  await page.keyboard.press('/');
  const took: number[] = [];
  for (const letter of 'raining so') {
    const start = performance.now();
    await page.keyboard.press(letter === ' ' ? 'Space' : letter);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    took.push(performance.now() - start);
  }
  expect(figures('a letter of a search, until the page shows its matches', took)).toBeLessThan(200);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '2 words' }).waitFor();
});

test('words that are said 1,000 times are muted everywhere, and one word afterward', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('y');
  let start = performance.now();
  await page.keyboard.press('Shift+h');
  await page.getByText(/^Muted in \d+ places/).waitFor();
  const everywhere = performance.now() - start;
  console.info(`muted everywhere, until it is told: ${everywhere.toFixed(0)} ms`);
  expect(everywhere).toBeLessThan(1500);
  const took: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    // The next word that can be heard, and is not beside a mute.
    const chosen = page.locator('[data-place][aria-selected="true"]');
    do for (let n = 0; n < 4; n += 1) await page.keyboard.press('ArrowRight');
    while (!/^\w+$/.test((await chosen.getAttribute('aria-label')) ?? 'word'));
    start = performance.now();
    await page.keyboard.press('h');
    await page.locator('[data-place][aria-selected="true"].muted').waitFor();
    took.push(performance.now() - start);
  }
  expect(figures('a word muted, until it is struck', took)).toBeLessThan(500);
  await page.locator('[data-save="saved"]').waitFor();
});

test('nothing was complained about', () => {
  expect(watched.complaints).toEqual([]);
});
