// Help in the page: the manual, terms, practice with its tour, and the score.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, open, picture, type Watched } from './chromium';
import { FakeDesk } from './fake-desk';
import { ID } from './sample';

let browser: Browser;
let desk: FakeDesk;
let address = '';
let watched: Watched;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  desk = new FakeDesk();
  address = await desk.start();
  watched = await open(browser);
});
afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  await watched.context.close();
  desk.stop();
});

async function visit(at: string): Promise<Page> {
  await watched.page.goto(`${address}/#/${at}`);
  return watched.page;
}

/** Whether a heading is in the window. */
const inView = (page: Page, name: string): Promise<boolean> =>
  page.getByRole('heading', { name }).evaluate((heading) => {
    const { top, bottom } = heading.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });

test('the manual has contents, addresses of its sections and a search', async () => {
  const page = await visit('queue');
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await page.getByRole('heading', { name: 'Records clerk', level: 1 }).waitFor();
  expect(await inView(page, 'Find your requests')).toBe(false);
  await page.getByRole('link', { name: 'Find your requests', exact: true }).click();
  await expect.poll(() => inView(page, 'Find your requests')).toBe(true);
  await page.goto(`${address}/#/help/glossary/track`);
  await page.getByText('One object over time').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('help-track');
  await page.getByRole('searchbox', { name: 'Search the manual' }).fill('number search');
  await page.getByText('1 place in the manual').waitFor();
  await picture(page, 'help-search');
  await page.getByRole('article').getByRole('link', { name: 'Find your requests' }).click();
  await expect.poll(() => inView(page, 'Find your requests')).toBe(true);
  const pdf = page.getByRole('link', { name: 'Manual for records clerks' });
  expect(await pdf.getAttribute('href')).toBe('/api/manual/clerk.pdf');
});

test('first steps are there before anybody is signed in', async () => {
  desk.role = null;
  const page = await visit('');
  await page.getByRole('link', { name: 'First steps' }).click();
  await page.getByRole('heading', { name: 'First steps', level: 1 }).waitFor();
  await checkAccess(page);
  await page.getByRole('link', { name: 'Back to sign-in' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('each page leads to its chapter, in a tab of its own', async () => {
  const chapters = [
    ['queue', '#/help/clerk/find-your-requests'],
    [`request/${ID.request}`, '#/help/clerk/add-recordings'],
    [`review/${ID.review}/approve`, '#/help/approver/look'],
    [`release/${ID.release}`, '#/help/clerk/hand-it-over'],
  ] as const;
  for (const [at, chapter] of chapters) {
    const page = await visit(at);
    const help = page.getByRole('link', { name: 'Help on this page' });
    await expect.poll(() => help.getAttribute('href')).toBe(chapter);
    expect(await help.getAttribute('target')).toBe('_blank');
  }
});

test('a term is explained where it stands, and Escape closes it', async () => {
  const page = await visit(`review/${ID.review}`);
  const term = page.getByRole('button', { name: 'track', exact: true });
  await term.click();
  const note = page.getByText('One object over time');
  await note.waitFor();
  await page.waitForTimeout(150);
  await picture(page, 'help-term');
  await checkAccess(page);
  await page.keyboard.press('Escape');
  await note.waitFor({ state: 'hidden' });
});

test('practice opens the request of one’s own with the tour', async () => {
  const page = await visit('help/first-steps');
  await page.getByRole('button', { name: 'Practice with a sample recording' }).click();
  await page.getByText('Only you see this request').waitFor();
  const tour = page.getByRole('complementary', { name: 'Tour' });
  await tour.getByText(/of 15 done/).waitFor();
  await picture(page, 'tour-request');
  await checkAccess(page);
  await checkWidth(page);
  // Nothing can be packaged or uploaded, and the list counts it nowhere.
  expect(await page.getByRole('button', { name: 'Make a package…' }).count()).toBe(0);
  expect(await page.locator('input[type="file"]').count()).toBe(0);
  await page.getByRole('link', { name: 'Requests' }).first().click();
  const row = page.getByRole('row').filter({ hasText: 'Practice' });
  await row.getByText('In review').waitFor();
  expect(await row.getByRole('checkbox').isDisabled()).toBe(true);
  await page.getByText('7 requests').waitFor();
  await picture(page, 'tour-queue');
});

test('steps are ticked off by what happens in the review', async () => {
  desk.practice = true;
  const page = await visit(`request/${ID.request}`);
  await page.getByRole('button', { name: 'Show the tour' }).click();
  const tour = page.getByRole('complementary', { name: 'Tour' });
  const isDone = async (title: string): Promise<boolean> =>
    (await tour
      .getByRole('listitem')
      .filter({ hasText: `${title}, done` })
      .count()) === 1;
  await page.getByRole('link', { name: 'Open', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await expect.poll(() => isDone('Open its review')).toBe(true);
  expect(await isDone('Hide what was found')).toBe(false);
  await picture(page, 'tour-review');
  await checkAccess(page);
  await page.keyboard.press('u');
  await page.keyboard.press('h');
  await expect.poll(() => isDone('Hide what was found')).toBe(true);
  await page.keyboard.press('Escape');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('n');
  await expect.poll(() => isDone('Go through the list to check')).toBe(true);
  await page.keyboard.press('v');
  await expect.poll(() => isDone('Keep something, with a reason')).toBe(true);
  await page.keyboard.press('p');
  await expect.poll(() => isDone('Look at what the requester gets')).toBe(true);
  // It is there again after a reload, closes, and comes back where it was.
  await page.waitForTimeout(700);
  await page.reload();
  await expect.poll(() => isDone('Hide what was found')).toBe(true);
  await tour.getByRole('button', { name: 'Close the tour' }).click();
  await tour.waitFor({ state: 'hidden' });
});

test('the score names what was missed and leads to it', async () => {
  desk.practice = true;
  const page = await visit(`request/${ID.request}`);
  await page.getByRole('button', { name: 'Show the tour' }).click();
  await page.getByRole('button', { name: 'Score my review' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('86 of 100 points').waitFor();
  await dialog.getByText('does not show that anybody is qualified').waitFor();
  await picture(page, 'score');
  await checkAccess(page);
  await dialog.getByRole('button', { name: 'Show the screen' }).click();
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.getByText(/frame 44/).waitFor();
});

test('on a small screen the tour shows the next step alone, below the page', async () => {
  desk.practice = true;
  await watched.page.setViewportSize({ width: 800, height: 900 });
  const page = await visit(`request/${ID.request}`);
  await page.getByRole('button', { name: 'Show the tour' }).click();
  await page.getByText('Open its review').waitFor();
  await page.waitForTimeout(200);
  await picture(page, 'tour-narrow');
  await checkWidth(page);
  await page.getByRole('link', { name: 'Open', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.waitForTimeout(400);
  await picture(page, 'tour-narrow-review');
  await checkAccess(page);
  await checkWidth(page);
});
