// Somebody who has never seen the desk: from the first sign-in to a released recording with what
// the page says alone, counted in steps; and the first day's practice, against the real desk.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, picture, ROOT } from './chromium';
import { REDACT, Server } from './server';
import * as steps from './steps';

const DEMO = resolve(ROOT, 'fixtures/demo.mp4');
const LONG = 400_000;
const STEPS_MAX = 25;

let browser: Browser;
const server = new Server();
let admin: steps.Member;
let newcomer: steps.Member;

beforeAll(async () => {
  if (!existsSync(REDACT)) throw new Error(`${REDACT} is not built: run make build`);
  browser = await launch();
  await server.start();
  admin = await steps.welcome(browser, server.link, { name: 'Carla Reyes', login: 'carla' });
  const link = await steps.invite(admin.page, {
    name: 'Nia Brandt',
    login: 'nia',
    role: 'Approver',
  });
  newcomer = await steps.welcome(browser, link, { name: 'Nia Brandt', login: 'nia' });
  await newcomer.page.getByRole('button', { name: 'Sign out' }).click();
  await newcomer.page.getByRole('button', { name: 'Sign in' }).waitFor();
}, LONG);
afterAll(async () => {
  await browser.close();
  await server.end();
});

function slow(name: string, act: () => Promise<void>): void {
  const told = async (): Promise<void> => {
    try {
      await act();
    } catch (error) {
      await picture(newcomer.page, 'newcomer-failed');
      throw error;
    }
  };
  test(name, told, LONG);
}

/** Clicks and typed fields are counted; typing into a field is one step. */
class Counted {
  count = 0;
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }
  async click(target: Locator): Promise<void> {
    this.count += 1;
    await target.click({ timeout: 240_000 });
  }
  async button(name: string | RegExp): Promise<void> {
    await this.click(this.page.getByRole('button', { name, exact: true }).first());
  }
  async type(label: string | RegExp, text: string): Promise<void> {
    this.count += 1;
    await this.page.getByLabel(label).fill(text);
  }
}

slow('a newcomer releases a recording in at most 25 steps', async () => {
  const { page } = newcomer;
  const does = new Counted(page);
  await does.type('Login', newcomer.login);
  await does.type('Password', steps.PASSWORD);
  await does.type(/^Code/, await newcomer.app.code());
  await does.button('Sign in');
  // The empty list says: add a request.
  await page.getByText('No requests yet').waitFor();
  await page.getByText('Add a request.').waitFor();
  await picture(page, 'newcomer-01-empty');
  await does.button('New request');
  await does.type('Request number', 'PR-2026-0001');
  does.count += 1;
  await page.getByLabel('Law that sets the due date').selectOption('us-federal');
  await does.button('Add request');
  await page.getByRole('heading', { name: 'PR-2026-0001' }).waitFor();
  await page.getByText('Drop recordings for this request here').waitFor();
  does.count += 1;
  await page.locator('input[type="file"]').setInputFiles(DEMO);
  await does.click(page.getByRole('link', { name: 'Open', exact: true }).first());
  // The review says how to decide, and what comes after.
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await does.button(/^Decide .* by policy$/);
  await page.getByText('Every track is decided.').waitFor();
  await does.button('Watch the preview');
  await page
    .getByText(/Preview/)
    .first()
    .waitFor();
  await steps.saved(page);
  await does.click(page.locator('.inspector').getByRole('button', { name: 'Approve…' }));
  await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
  await picture(page, 'newcomer-02-approve');
  await does.button('Approve…');
  await does.type(/^Your password/, steps.PASSWORD);
  await does.button('Approve');
  await does.button('Render release');
  await page.getByRole('heading', { name: 'Verification passed' }).waitFor({ timeout: 300_000 });
  await picture(page, 'newcomer-03-released');
  console.info(`steps of a newcomer, from sign-in to a verified release: ${does.count}`);
  await does.button('Record a copy handed over');
  await does.type('Recipient', 'Herald Tribune');
  await does.button('Record copy');
  await page.getByText('Herald Tribune').waitFor();
  console.info(`and handed over: ${does.count}`);
  expect(does.count).toBeLessThanOrEqual(STEPS_MAX);
});

slow('practice leads through the sample and scores the review', async () => {
  const { page } = newcomer;
  await page.goto(`${server.address}/#/account`);
  await page.getByRole('button', { name: 'Practice with a sample recording' }).click();
  await page.getByText('Only you see this request').waitFor();
  await page.getByRole('link', { name: 'Open', exact: true }).first().click({ timeout: 240_000 });
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
  const score = page.getByRole('button', { name: 'Score my review' });
  const points = async (): Promise<number> => {
    await score.click();
    const text = await page.getByText(/of 100 points/).innerText();
    await picture(page, `practice-score-${parseInt(text, 10)}`);
    await checkAccess(page);
    await page.getByRole('button', { name: 'Done' }).click();
    return parseInt(text, 10);
  };
  // Nothing is hidden yet; the policy may have muted what is said.
  const before = await points();
  await page.getByRole('button', { name: /^Decide .* by policy$/ }).click();
  await steps.saved(page);
  const after = await points();
  console.info(`practice: ${before} points undecided, ${after} decided by the policy`);
  expect(before).toBeLessThan(50);
  expect(after).toBeGreaterThan(before + 30);
  // A face that is kept costs points, and the score leads to it.
  await page.keyboard.press('2');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('v');
  await steps.saved(page);
  expect(await points()).toBeLessThan(after);
  await score.click();
  await page.getByRole('button', { name: 'Show the face' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await picture(page, 'practice-review');
  await page.keyboard.press('Control+z');
  await steps.saved(page);
  // In the list it has a mark and no due date, and nobody else sees it.
  await page.getByRole('link', { name: 'Back to request' }).click();
  await page.getByRole('link', { name: 'Requests' }).first().click();
  await page.getByRole('row').filter({ hasText: 'Practice: Nia Brandt' }).waitFor();
  await page.getByText('1 request', { exact: true }).waitFor();
  await picture(page, 'practice-queue');
  await page.getByRole('link', { name: 'Practice: Nia Brandt' }).click();
  await page.getByRole('button', { name: 'Remove practice…' }).click();
  await page.getByRole('button', { name: 'Remove practice', exact: true }).click();
  await page.getByText('Practice request removed.').waitFor();
});

slow('every chapter of the manual is shown and is accessible', async () => {
  const { page } = newcomer;
  const chapters = await page.evaluate(async () => {
    const answer = await fetch('/api/manual');
    const { chapters } = (await answer.json()) as { chapters: { slug: string; title: string }[] };
    return chapters;
  });
  expect(chapters.length).toBe(10);
  for (const { slug, title } of chapters) {
    await page.goto(`${server.address}/#/help/${slug}`);
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    await picture(page, `manual-${slug}`);
    await checkAccess(page, ['best-practice']);
    await checkWidth(page);
  }
  const size = await page.evaluate(async () => {
    const answer = await fetch('/api/manual/manual.pdf');
    return (await answer.arrayBuffer()).byteLength;
  });
  expect(size).toBeGreaterThan(30_000);
  expect(newcomer.complaints).toEqual([]);
});
