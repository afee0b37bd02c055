// What leaves the office: copies of releases that were replaced, reopened or closed, what is missing
// before a release can be rendered, decisions that are used again, the signed event log; and pages
// on paper and in forced colors.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, open, picture } from './chromium';
import { FakeDesk } from './fake-desk';
import * as sample from './sample';

let browser: Browser;
let desk: FakeDesk;
let address = '';
beforeAll(async () => (browser = await launch()));
afterAll(() => browser.close());
beforeEach(async () => {
  desk?.stop();
  desk = new FakeDesk();
  address = await desk.start();
});
afterAll(() => desk.stop());

async function visit(at: string, act: (page: Page) => Promise<void>): Promise<void> {
  const { context, page, complaints } = await open(browser);
  await page.goto(`${address}/#/${at}`);
  await act(page);
  expect(complaints).toEqual([]);
  await context.close();
}

const RELEASE = `release/${sample.ID.release}`;
const copies = (): unknown[] => desk.posts.filter((p) => p.path.endsWith('/copies'));

test('a replaced release asks before another copy is recorded', async () => {
  desk.release = { replaced_by: '9'.repeat(32) };
  await visit(RELEASE, async (page) => {
    await page.getByRole('button', { name: 'Record a copy handed over…' }).click();
    await page.getByRole('heading', { name: 'This release was replaced' }).waitFor();
    await checkAccess(page);
    const newer = page.getByRole('dialog').getByRole('link', { name: 'Open newer release' });
    expect(await newer.getAttribute('href')).toBe(`#/release/${'9'.repeat(32)}`);
    expect(copies(), 'nothing is recorded before the answer').toEqual([]);
    await page.getByRole('button', { name: 'Record a copy of the old release' }).click();
    await page.getByLabel('Recipient').fill('A. Reporter');
    await page.getByRole('button', { name: 'Record copy' }).click();
    await expect.poll(() => copies().length).toBe(1);
  });
});

test('a release whose review was reopened is handed over only with a reason', async () => {
  desk.release = { reopened: true };
  await visit(RELEASE, async (page) => {
    await page.getByText('was reopened or sent back after this release was made').waitFor();
    await picture(page, 'release-reopened');
    await page.getByRole('button', { name: 'Record a copy handed over' }).click();
    await page.getByLabel('Recipient').fill('A. Reporter');
    await checkAccess(page);
    await page.getByRole('button', { name: 'Record copy' }).click();
    expect(copies(), 'the reason is missing').toEqual([]);
    await page.getByLabel('Reason for handing it over anyway').fill('By order of the court');
    await picture(page, 'hand-over-reopened');
    await page.getByRole('button', { name: 'Record copy' }).click();
    await expect.poll(() => copies().length).toBe(1);
    expect((copies()[0] as { body: unknown }).body).toMatchObject({
      to: 'A. Reporter',
      despite: 'By order of the court',
    });
  });
});

test('nothing of a closed request is handed over', async () => {
  desk.release = { request_closed: true };
  await visit(RELEASE, async (page) => {
    await page.getByText('Reopen it to hand over a copy').waitFor();
    expect(await page.getByRole('button', { name: /Record a copy/ }).count()).toBe(0);
    await checkAccess(page);
  });
});

test('Render says what is missing', async () => {
  desk.review = {
    ...desk.review,
    state: 'approved',
    approvals: [
      { by: 'Ben Ito', at: '2026-03-02T09:40:00Z', role: 'approver', statement: '', signed: true },
    ],
  };
  desk.releases = [{ ...sample.release(), replaced_by: null, revision: 0, excerpt: null }];
  await visit(`review/${sample.ID.review}/approve`, async (page) => {
    const render = page.getByRole('button', { name: 'Render release' });
    await render.waitFor();
    expect(await render.isEnabled()).toBe(true);
    await page.getByLabel('Replaces').selectOption({ index: 1 });
    const missing = 'Write what was wrong with the release that this one replaces.';
    await page.getByText(missing).waitFor();
    expect(await render.isDisabled()).toBe(true);
    // Screen readers announce the reason with the button.
    const about = await render.getAttribute('aria-describedby');
    expect(await page.locator(`[id="${about}"]`).innerText()).toBe(missing);
    await picture(page, 'render-missing');
    await page.getByLabel('What was wrong with it').fill('A face was visible.');
    await expect.poll(() => render.isEnabled()).toBe(true);
    await page.getByRole('radio', { name: /An excerpt/ }).check();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Choose the spans of the excerpt.').waitFor();
    expect(await render.isDisabled()).toBe(true);
  });
});

test('decisions of the same recording in another request are used by name', async () => {
  const own = sample.recording(desk.review, desk.timeline);
  const review = '6'.repeat(32);
  desk.recordings = [
    {
      ...own,
      reviews: [],
      same: [
        {
          id: '5'.repeat(32),
          name: 'unit-12.mp4',
          request: '4'.repeat(32),
          request_number: 'PR-2026-0417',
          reviewed: true,
          released: true,
          reviews: [
            { id: review, title: 'Public', changed_at: own.added_at, changed_by: 'Ben Ito' },
          ],
        },
      ],
    },
  ];
  await visit(`request/${sample.ID.request}`, async (page) => {
    await page.getByRole('button', { name: 'Start a review' }).click();
    await page.getByRole('radio', { name: /Use the decisions of PR-2026-0417/ }).check();
    await page.getByText('Approvals are not copied').waitFor();
    await page.getByText('everything else starts undecided').waitFor();
    const choice = page.getByLabel('Review to copy');
    expect(await choice.inputValue()).toBe(review);
    await checkAccess(page);
    await picture(page, 'new-review-reuse');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toBe(`/recordings/${own.id}/reviews`);
    expect(desk.posts[0]!.body).toMatchObject({ copy: review, decisions: 'copy' });
  });
});

test('the event log is exported as a signed PDF with the filters of the page', async () => {
  desk.role = 'auditor';
  await visit('events?what=request', async (page) => {
    await page.getByRole('button', { name: 'Export PDF' }).click();
    await page.getByText('12 entries as PDF, signed with the release key.').waitFor();
    expect(desk.posts[0]).toMatchObject({ path: '/events/pdf', body: { what: 'request' } });
    const files = ['Download PDF', 'Download signature'].map((name) =>
      page.getByRole('link', { name }),
    );
    const hrefs = await Promise.all(files.map((file) => file.getAttribute('href')));
    const place = `/api/exports/${'9'.repeat(32)}`;
    expect(hrefs).toEqual([`${place}/pdf`, `${place}/signature`]);
    expect(await files[1]!.getAttribute('download')).toBe('event-log-2026-03-02.pdf.minisig');
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'events-pdf');
  });
});

const PAPER: [name: string, role: 'operator' | 'auditor', at: string, ready: string][] = [
  ['queue', 'operator', 'queue', 'PR-2026-0144'],
  ['request', 'operator', `request/${sample.ID.request}`, 'broken.avi'],
  ['release', 'operator', RELEASE, 'Copies handed over'],
  ['events', 'auditor', 'events', 'Request changed'],
  ['approval', 'operator', `review/${sample.ID.review}/approve`, 'Contact sheet'],
];
for (const [name, role, at, ready] of PAPER) {
  test(`${name} prints what is shown, dark on white, without what is pressed`, async () => {
    desk.role = role;
    const { context, page, complaints } = await open(browser, {
      theme: 'dark',
      size: { width: 816, height: 1056 },
    });
    await page.goto(`${address}/#/${at}`);
    await page.getByText(ready).first().waitFor();
    await page.waitForTimeout(300);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const seen = await page.evaluate(() => {
      const shown = (selector: string): number =>
        [...document.querySelectorAll<HTMLElement>(selector)].filter(
          (one) => one.checkVisibility() && one.getClientRects().length > 0,
        ).length;
      const body = getComputedStyle(document.body);
      return {
        pressed: shown('.btn, nav, .filters, .zone, input, select'),
        text: body.color,
        ground: body.backgroundColor,
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      };
    });
    await page.screenshot({
      path: `${(await import('./chromium')).SHOTS}/print-${name}.png`,
      fullPage: true,
    });
    expect(seen).toEqual({
      pressed: 0,
      text: 'rgb(0, 0, 0)',
      ground: 'rgb(255, 255, 255)',
      over: 0,
    });
    expect(await page.getByText(ready).first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });
}

for (const [name, role, at, ready] of [
  ...PAPER,
  ['review', 'operator', `review/${sample.ID.review}`, 'Check first'] as const,
  ['cameras', 'operator', `request/${sample.ID.request}/cameras`, 'Starts at'] as const,
]) {
  test(`${name} in forced colors: edges of controls and the focus are seen`, async () => {
    desk.role = role;
    if (name === 'cameras') {
      desk.recordings = sample.cameras(desk.review, ['unit-12.mp4', 'unit-14.mp4']);
    }
    const { context, page, complaints } = await open(browser);
    await page.emulateMedia({ forcedColors: 'active' });
    await page.goto(`${address}/#/${at}`);
    await page.getByText(ready).first().waitFor();
    await page.waitForTimeout(300);
    await picture(page, `forced-${name}`);
    const bare = await page.evaluate(() => {
      const visible = (one: HTMLElement): boolean =>
        one.checkVisibility() && one.getClientRects().length > 0;
      const edged = (one: HTMLElement): boolean => {
        const style = getComputedStyle(one);
        return style.borderTopStyle !== 'none' && parseFloat(style.borderTopWidth) > 0;
      };
      const all = [...document.querySelectorAll<HTMLElement>('.btn, .badge, input, select')];
      return all
        .filter((one) => visible(one) && !edged(one))
        .filter(
          (one) => !['checkbox', 'radio', 'range', 'file'].includes(one.getAttribute('type') ?? ''),
        )
        .map((one) => one.outerHTML.slice(0, 80));
    });
    expect(bare).toEqual([]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement!);
      return { style: style.outlineStyle, wide: parseFloat(style.outlineWidth) };
    });
    expect(focus.style).not.toBe('none');
    expect(focus.wide).toBeGreaterThanOrEqual(2);
    expect(complaints).toEqual([]);
    await context.close();
  });
}
