// The approval: contact sheet, who watched, comments, reasons that do not fit, and a review that is
// read-only once it is approved.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, open, picture, type Watched } from './chromium';
import { FakeDesk } from './fake-desk';
import * as sample from './sample';

let browser: Browser;
let desk: FakeDesk;
let address = '';
let watched: Watched;
beforeAll(async () => (browser = await launch()));
afterAll(() => browser.close());
beforeEach(async () => {
  desk = new FakeDesk();
  desk.role = 'approver';
  address = await desk.start();
  watched = await open(browser);
  const [first, second, ...rest] = desk.review.document.tracks;
  const effect = { kind: 'fill' } as const;
  desk.review = {
    ...desk.review,
    document: {
      ...desk.review.document,
      tracks: [
        { ...first!, decision: { verdict: 'keep', reason: 'consent', by: 'Ada Okafor' } },
        { ...second!, decision: { verdict: 'redact', effect, reason: 'privacy-face' } },
        ...rest,
      ],
    },
  };
});
afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  await watched.context.close();
  desk.stop();
});

const approval = (): string => `${address}/#/review/${sample.ID.review}/approve`;

test('the whole release is made and played beside the contact sheet', async () => {
  const { page } = watched;
  await page.goto(approval());
  await page.getByText('Makes a clip of the whole recording').waitFor();
  // Control: nothing is made before somebody asks.
  expect(await page.getByLabel('The whole recording as it would be released').count()).toBe(0);
  await page.getByRole('button', { name: 'Make the clip' }).click();
  const video = page.locator('video');
  await video.waitFor();
  await video.evaluate((v: HTMLVideoElement) => v.play());
  await page.waitForFunction(() => document.querySelector('video')!.currentTime > 0.3);
  // Who watched what is loaded again.
  const again = page.waitForResponse((r) => r.url().endsWith('/views'));
  await video.evaluate((v: HTMLVideoElement) => v.pause());
  await again;
  await video.scrollIntoViewIfNeeded();
  await picture(page, 'approval-clip');
  await checkAccess(page);
  // While it is made, its progress shows.
  desk.clipJob = sample.clipJob();
  await page.reload();
  await page.getByText('Rendering a clip of the whole recording').waitFor();
  await page.getByText('40%').waitFor();
  await picture(page, 'approval-clip-job');
});

test('the contact sheet shows what is kept before what is hidden, with a picture of each', async () => {
  const { page } = watched;
  await page.goto(approval());
  const kept = page.getByRole('region', { name: 'Kept visible' });
  await kept.locator('img').first().waitFor();
  expect(await kept.getByRole('listitem').count()).toBe(1);
  expect(await kept.innerText()).toContain('Ada Okafor');
  const titles = await page.locator('section h3').allInnerTexts();
  expect(titles[0]).toContain('Kept visible');
  expect(titles.at(-1)).toContain('Hidden');
  await page.getByLabel('As released').check();
  await page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLImageElement>('section img')].every((i) =>
      i.src.includes('/preview/'),
    ),
  );
  await picture(page, 'approval-sheet');
  await checkAccess(page);
});

test('it says what the approver has not watched', async () => {
  const { page } = watched;
  await page.goto(approval());
  await page.getByRole('heading', { name: 'Who watched it' }).waitFor();
  await page.getByText('No one watched').waitFor();
  await page.getByText('0:00.0 to 0:08.0').waitFor();
});

test('an approver sends a review back about one track, and the operator hands it in again', async () => {
  const { page } = watched;
  await page.goto(approval());
  const back = page.getByRole('button', { name: 'Send back' });
  await back.waitFor();
  expect(await back.isDisabled()).toBe(true);
  await page
    .getByRole('button', { name: /^Comment on/ })
    .first()
    .click();
  await page.getByLabel('Comment', { exact: true }).fill('The face is legible at the start.');
  await back.click();
  await page.getByText('Sent back by Ben Ito').waitFor();
  const { body } = desk.posts[0]!;
  expect(body).toMatchObject({ text: 'The face is legible at the start.' });
  expect((body as { item: string }).item).toMatch(/^(face|plate|screen)-1$/);
  // The operator sees it in the review.
  desk.role = 'operator';
  await page.goto(`${address}/#/review/${sample.ID.review}`);
  await page.reload();
  await page.getByText('The face is legible at the start.').waitFor();
  await checkAccess(page);
  await picture(page, 'review-sent-back');
  await page.getByRole('button', { name: 'Resubmit' }).click();
  await page.getByText('The face is legible at the start.').waitFor({ state: 'hidden' });
  expect(desk.posts.at(-1)?.path).toMatch(/hand-in$/);
});

test('reasons of another law are changed all at once', async () => {
  desk.summary = {
    problems: [1, 2, 3].map((track) => ({
      code: 'other_law',
      message: `Face ${track} cites another law.`,
      track,
      reason: 'mn-private',
    })),
    reason_changes: [
      {
        from: 'mn-private',
        statute: 'Minn. Stat. 13.825',
        verdict: 'redact',
        items: 23,
        to: 'privacy-face',
      },
    ],
  };
  const { page } = watched;
  await page.goto(approval());
  await page.getByRole('heading', { name: 'Reasons that do not fit' }).waitFor();
  // Only reasons of the law, and only those to hide.
  const offered = await page.getByLabel('mn-private').locator('option').allInnerTexts();
  expect(offered).toHaveLength(4);
  expect(offered.join()).not.toContain('consent');
  await page.getByLabel('mn-private').selectOption('privacy-plate');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Change all 23' }).click();
  await page.getByRole('heading', { name: 'Reasons that do not fit' }).waitFor({ state: 'hidden' });
  expect(desk.posts[0]?.body).toEqual({
    base: 1,
    changes: [{ from: 'mn-private', verdict: 'redact', to: 'privacy-plate' }],
  });
});

test('an approved review is read-only until it is reopened with a reason', async () => {
  desk.review = {
    ...desk.review,
    state: 'approved',
    approvals: [
      { by: 'Ben Ito', at: '2026-03-02T09:40:00Z', role: 'approver', statement: '', signed: true },
    ],
  };
  const { page } = watched;
  await page.goto(`${address}/#/review/${sample.ID.review}`);
  await page.getByText('Approved by Ben Ito: read-only.').waitFor();
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.getByRole('button', { name: 'Hide all' }).first().click();
  await page.getByText('This review is approved. Reopen it to change it.').waitFor();
  await page.waitForTimeout(800);
  expect(desk.saves).toEqual([]);
  await picture(page, 'review-read-only');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Reopen…' }).click();
  await page.getByLabel('Why').fill('Face 1 is the requester.');
  await page.getByRole('button', { name: 'Reopen', exact: true }).click();
  await page.getByText('read-only').waitFor({ state: 'hidden' });
  expect(desk.posts[0]?.body).toEqual({ reason: 'Face 1 is the requester.' });
  await page.getByRole('button', { name: 'Hide all' }).first().click();
  await expect.poll(() => desk.saves.length).toBe(1);
});

test('the revisions are listed, with what was set aside, and one is restored', async () => {
  const { page } = watched;
  await page.goto(`${address}/#/review/${sample.ID.review}`);
  await page.getByRole('button', { name: 'Revisions' }).click();
  await page.getByRole('cell', { name: 'Not used' }).waitFor();
  await checkAccess(page);
  await picture(page, 'revisions');
});

test('the same revision is not rendered twice without a question', async () => {
  desk.review = {
    ...desk.review,
    state: 'approved',
    approvals: [
      { by: 'Ben Ito', at: '2026-03-02T09:40:00Z', role: 'approver', statement: '', signed: true },
    ],
  };
  const { replaced_by: _replaced, ...whole } = sample.release();
  desk.releases = [{ ...whole, replaced_by: null, state: 'ready', revision: 1, excerpt: null }];
  const { page } = watched;
  await page.goto(approval());
  await page.getByRole('button', { name: 'Render it again…' }).click();
  await page.getByRole('heading', { name: 'Render the same release again?' }).waitFor();
  expect(desk.posts).toEqual([]);
  await checkAccess(page);
  await page.getByRole('button', { name: 'Render it again', exact: true }).click();
  await expect.poll(() => desk.posts.length).toBe(1);
});

test('the approval fits a narrow window', async () => {
  const narrow = await open(browser, { theme: 'dark', size: { width: 800, height: 900 } });
  await narrow.page.goto(approval());
  await narrow.page.getByRole('heading', { name: 'Contact sheet' }).waitFor();
  await narrow.page.waitForTimeout(500);
  await picture(narrow.page, 'approval-narrow');
  await checkWidth(narrow.page);
  await narrow.context.close();
});
