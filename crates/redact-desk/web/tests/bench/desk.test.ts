// The desk at its largest, measured: the real server, a recording of an hour, 500 tracks. Prints
// its figures, and fails where a person would have to wait.
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FullRequest, PolicyHead, Review } from '../../src/api/types';
import { launch, picture, ROOT } from '../browser/chromium';
import { Server } from '../browser/server';
import * as steps from '../browser/steps';
import { stretch } from './hour';

const DEMO = resolve(ROOT, 'fixtures/demo.mp4');

let browser: Browser;
let operator: steps.Member;
let page: Page;
let review = '';
const server = new Server();

beforeAll(async () => {
  browser = await launch();
  await server.start();
  const admin = await steps.welcome(browser, server.link, { name: 'Carla Reyes', login: 'carla' });
  const who = { name: 'Ada Okafor', login: 'ada' };
  operator = await steps.welcome(
    browser,
    await steps.invite(admin.page, { ...who, role: 'Operator' }),
    who,
  );
  page = operator.page;
  await steps.newRequest(page, 'PR-2026-0141');
  await page.locator('input[type="file"]').setInputFiles(DEMO);
  await page.getByRole('link', { name: 'Open' }).first().waitFor({ timeout: 600_000 });
  await server.kill();
  stretch(resolve(server.folder, 'data'));
  await server.start();
  review = await newReview();
}, 900_000);
afterAll(async () => {
  await browser.close();
  await server.end();
});

/** A review of all 500 tracks; the first one knows the recording as it was. */
function newReview(): Promise<string> {
  return page.evaluate(async () => {
    const ask = async <T>(path: string, body?: unknown): Promise<T> => {
      const post = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
      const init = body === undefined ? {} : { ...post, body: JSON.stringify(body) };
      const answer = await fetch(`/api${path}`, init);
      if (!answer.ok) throw new Error(await answer.text());
      return (await answer.json()) as T;
    };
    const [request] = await ask<{ id: string }[]>('/requests');
    const { recordings } = await ask<FullRequest>(`/requests/${request!.id}`);
    const [policy] = await ask<PolicyHead[]>('/policies');
    const body = { policy: policy!.digest, title: 'An hour', decisions: 'none' };
    return (await ask<Review>(`/recordings/${recordings[0]!.id}/reviews`, body)).id;
  });
}

const opened = async (): Promise<void> => {
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
};
const at = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
const figures = (what: string, took: number[]): number => {
  const sorted = [...took].sort((a, b) => a - b);
  const [median, most] = [at(sorted, 0.5), at(sorted, 0.95)];
  console.info(`${what}: median ${median.toFixed(1)} ms, 95 % ${most.toFixed(1)} ms`);
  return median;
};

test('the first page is there within a second', async () => {
  const took: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    await page.goto('about:blank');
    const start = performance.now();
    await page.goto(`${server.address}/#/queue`);
    await page.getByText('PR-2026-0141').waitFor();
    took.push(performance.now() - start);
  }
  expect(figures('first page', took)).toBeLessThan(1000);
});

test('the review opens with its first frame', async () => {
  const took: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    await page.goto('about:blank');
    const start = performance.now();
    await page.goto(`${server.address}/#/review/${review}`);
    await opened();
    took.push(performance.now() - start);
  }
  figures('review of 500 tracks, to its first frame', took);
  await page.getByText(/500 undecided/).waitFor();
  await picture(page, 'bench-hour');
});

test('every frame of the hour is shown within 200 ms', async () => {
  expect(figures('seek, all over the hour', await steps.seekTimes(page, 60))).toBeLessThan(200);
});

/** Times of pictures while something is moved 120 times. */
function frames(act: string): Promise<number[]> {
  return page.evaluate(async (kind) => {
    const list = document.querySelector('.virtual')!.parentElement!;
    const timeline = document.querySelector('.scroller')!;
    const took: number[] = [];
    for (let i = 0; i < 120; i += 1) {
      const start = performance.now();
      if (kind === 'down') [timeline.scrollTop, list.scrollTop] = [i * 60, i * 160];
      else timeline.scrollLeft = i * 90;
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      took.push((performance.now() - start) / 2);
    }
    return took;
  }, act);
}

test('timeline and list scroll smoothly', async () => {
  await page.getByRole('tab', { name: /Tracks/ }).click();
  await page.waitForTimeout(500);
  expect(figures('a picture while 500 lanes scroll', await frames('down'))).toBeLessThan(50);
  for (let i = 0; i < 6; i += 1) await page.keyboard.press('Alt+=');
  await page.waitForTimeout(500);
  expect(figures('a picture while the hour scrolls', await frames('along'))).toBeLessThan(50);
  await picture(page, 'bench-hour-close');
});

test('a decision is shown at once and saved soon', async () => {
  const took: number[] = [];
  const saved: number[] = [];
  await page.keyboard.press('Escape');
  await page.keyboard.press('u');
  for (let i = 0; i < 10; i += 1) {
    const counted = page.getByText(new RegExp(`^\\s*${499 - i} undecided`));
    const start = performance.now();
    await page.keyboard.press('h');
    await counted.waitFor();
    took.push(performance.now() - start);
    await page.locator('[data-save="saved"]').waitFor();
    saved.push(performance.now() - start);
    await page.waitForTimeout(700);
  }
  figures('a decision, until it is counted', took);
  figures('a decision, until it is saved', saved);
});
