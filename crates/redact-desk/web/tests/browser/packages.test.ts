// Packages and excerpts at a desk in memory: what is sent when people order them.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, open, picture, type Watched } from './chromium';
import { FakeDesk } from './fake-desk';
import { ID } from './sample';

let browser: Browser;
let desk: FakeDesk;
let watched: Watched;
let page: Page;
let address = '';
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  desk = new FakeDesk();
  address = await desk.start();
  watched = await open(browser);
  page = watched.page;
});
afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  await watched.context.close();
  desk.stop();
});

test('a package with sealed records is ordered with a passphrase', async () => {
  await page.goto(`${address}/#/request/${ID.request}`);
  await page.getByRole('button', { name: 'Make a package…' }).click();
  await page.getByText('What is in it').waitFor();
  const releases = page.getByRole('group', { name: 'Releases' }).getByRole('checkbox');
  expect(await releases.nth(0).isChecked()).toBe(true);
  expect(await releases.nth(1).isDisabled()).toBe(true);
  await page.getByText('cannot be chosen: replaced by a newer release').waitFor();
  await page.getByText(/^ours.toml cannot be used/).waitFor();
  await page.getByLabel('For', { exact: true }).selectOption('prosecutor');
  await page.getByText(/^This package contains sealed records/).waitFor();
  expect(await page.getByRole('radio', { name: /^None/ }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Suggest one' }).click();
  const phrase = await page.getByLabel('Passphrase', { exact: true }).inputValue();
  expect(phrase.length).toBeGreaterThanOrEqual(20);
  await page.getByLabel('Form').selectOption('iso');
  await page.getByLabel('Date of the letters').fill('2026-03-05');
  await picture(page, 'package-form-sealed');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Make package' }).click();
  await page.getByText('Making the package').waitFor();
  expect(desk.orders).toEqual([
    {
      releases: [ID.release],
      profile: 'prosecutor',
      form: 'iso',
      encryption: 'passphrase',
      dated: '2026-03-05',
      passphrase: phrase,
    },
  ]);
});

test('a package for the press needs no encryption, and keys are sent as a list', async () => {
  await page.goto(`${address}/#/request/${ID.request}`);
  await page.getByRole('button', { name: 'Make a package…' }).click();
  await page.getByRole('radio', { name: /^None/ }).waitFor();
  expect(await page.getByRole('radio', { name: /^None/ }).isChecked()).toBe(true);
  await page.getByRole('radio', { name: /^To the recipient's public key/ }).check();
  const keys = ['a', 'b'].map((letter) => `age1${letter.repeat(58)}`);
  await page.getByLabel('Public keys').fill(keys.join('\n'));
  await page.getByRole('button', { name: 'Make package' }).click();
  await page.getByText('Making the package').waitFor();
  expect(desk.orders[0]).toMatchObject({
    profile: 'press',
    encryption: 'recipients',
    recipients: keys,
  });
  expect(desk.orders[0]).not.toHaveProperty('passphrase');
});

test('who received a package is recorded, with a warning if it is outdated', async () => {
  await page.goto(`${address}/#/package/${ID.package}`);
  await page.getByRole('button', { name: 'Record a copy handed over' }).click();
  await page
    .getByRole('dialog')
    .getByText(/^This package is outdated/)
    .waitFor();
  await page.getByLabel('Recipient').fill('District Court');
  await page.getByLabel('Medium').selectOption('disc');
  await picture(page, 'package-hand-over');
  await checkAccess(page);
  await page.getByRole('button', { name: 'Record copy' }).click();
  await page.getByText('Copy recorded.').waitFor();
  expect(desk.posts).toEqual([
    {
      path: `/packages/${ID.package}/copies`,
      body: { to: 'District Court', medium: 'disc', note: '' },
    },
  ]);
});

test('an excerpt is chosen by typing and from the player', async () => {
  desk.review = { ...desk.review, state: 'approved' };
  await page.goto(`${address}/#/review/${ID.review}/approve`);
  await page.getByRole('radio', { name: /^An excerpt/ }).check();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^The release shows only these spans/).waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
  await dialog.getByRole('button', { name: 'Use these spans' }).click();
  await dialog.getByText(/needs a start and an end/).waitFor();
  await dialog.getByLabel('From').fill('0:01.5');
  await dialog.getByLabel('To', { exact: true }).fill('3');
  await dialog.getByRole('button', { name: 'Add a span' }).click();
  await page.evaluate(() => {
    document.querySelector('video')!.currentTime = 6.05;
  });
  // Frame 181 of 30 a second is shown at 6.05 s; its start is 6.0333 s.
  await dialog.getByText('0:06.033').waitFor();
  await dialog.getByRole('button', { name: 'Start at the shown frame' }).nth(1).click();
  await dialog.getByRole('button', { name: 'Next frame' }).click();
  await dialog.getByText('0:06.066').waitFor();
  await dialog.getByRole('button', { name: 'End before the shown frame' }).nth(1).click();
  await dialog.getByText('Shows 2 spans, 0:01.53 of 0:10.00.').waitFor();
  await picture(page, 'excerpt-dialog');
  await checkAccess(page);
  await dialog.getByRole('button', { name: 'Use these spans' }).click();
  await page.getByText('0:06.03 to 0:06.06').waitFor();
  await page.getByLabel('Why the rest is withheld').selectOption('privacy-face');
  await picture(page, 'excerpt-chosen');
  await checkAccess(page);
  await checkWidth(page);
  await page.getByRole('button', { name: 'Render release' }).click();
  await page.getByRole('heading', { name: 'Excerpt' }).waitFor();
  expect(desk.posts[0]?.body).toEqual({
    excerpt: {
      spans: [
        { start_seconds: 1.5, end_seconds: 3 },
        { start_seconds: 6.033, end_seconds: 6.066 },
      ],
      reason: 'privacy-face',
    },
  });
});
