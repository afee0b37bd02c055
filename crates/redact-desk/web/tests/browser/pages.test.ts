// Every page, in light and dark on a laptop, on a 4K and on a narrow screen: accessible, within the
// window, without a complaint of the browser, and with a picture of it for people to look at.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '../../src/api/types';
import { checkAccess, checkWidth, LAPTOP, launch, open, picture, type Theme } from './chromium';
import { FakeDesk } from './fake-desk';
import { ID } from './sample';

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

interface Page {
  name: string;
  role: Role | null;
  at: string;
  ready: string;
  /** A button to press, and what is there afterwards. */
  press?: [button: string, ready: string];
}
const PAGES: Page[] = [
  { name: 'sign-in', role: null, at: '', ready: 'Sign in' },
  { name: 'welcome', role: null, at: 'welcome/token', ready: 'Continue' },
  { name: 'queue', role: 'operator', at: 'queue', ready: 'PR-2026-0141' },
  { name: 'request', role: 'operator', at: `request/${ID.request}`, ready: 'broken.avi' },
  {
    name: 'views',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Who viewed it', '0:00.0 to 0:08.0'],
  },
  {
    name: 'read-options',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'camera-2.bin',
    press: ['Change how it is read…', 'Frames per second'],
  },
  {
    name: 'close-request',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Close…', 'How was it decided?'],
  },
  {
    name: 'change-recording',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Change or remove…', 'What should change?'],
  },
  { name: 'policies', role: 'administrator', at: 'policies', ready: 'Picture' },
  { name: 'settings', role: 'administrator', at: 'settings', ready: 'Letterhead' },
  { name: 'health', role: 'administrator', at: 'health', ready: 'Signing keys' },
  { name: 'search', role: 'operator', at: 'search?find=main', ready: 'Herald Tribune' },
  { name: 'import', role: 'operator', at: 'import', ready: 'Drop a CSV file' },
  {
    name: 'queue-view',
    role: 'operator',
    at: 'queue',
    ready: 'PR-2026-0141',
    press: ['Columns and view…', 'Save filters and columns as'],
  },
  {
    name: 'recording-details',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Details…', 'Wearer of the camera'],
  },
  {
    name: 'task',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Add task…', 'Task'],
  },
  { name: 'inbox', role: 'operator', at: 'inbox', ready: 'Waiting for your approval (1)' },
  { name: 'review', role: 'operator', at: `review/${ID.review}`, ready: 'Whole recording' },
  { name: 'approve', role: 'approver', at: `review/${ID.review}/approve`, ready: 'What is hidden' },
  { name: 'release', role: 'operator', at: `release/${ID.release}`, ready: 'Verification passed' },
  {
    name: 'package-form',
    role: 'operator',
    at: `request/${ID.request}`,
    ready: 'broken.avi',
    press: ['Make a package…', 'What is in it'],
  },
  { name: 'package', role: 'operator', at: `package/${ID.package}`, ready: 'is outdated' },
  {
    name: 'package-making',
    role: 'operator',
    at: `package/${'3'.repeat(32)}`,
    ready: 'Making the package',
  },
  { name: 'package-failed', role: 'operator', at: `package/${'2'.repeat(32)}`, ready: 'not made' },
  { name: 'releases', role: 'auditor', at: 'releases', ready: 'Verified' },
  { name: 'recheck', role: 'auditor', at: 'recheck', ready: 'no longer passes' },
  { name: 'work', role: 'operator', at: 'work', ready: 'Rendering' },
  { name: 'audit', role: 'auditor', at: 'audit', ready: 'Failed' },
  { name: 'events', role: 'auditor', at: 'events', ready: 'Log intact' },
  { name: 'users', role: 'administrator', at: 'users', ready: 'Carla Reyes' },
  { name: 'account', role: 'operator', at: 'account', ready: 'Change password' },
  { name: 'help', role: 'auditor', at: 'help/first-steps', ready: 'Sign in' },
  { name: 'help-search', role: 'operator', at: 'help?find=track', ready: 'in the manual' },
  { name: 'help-signed-out', role: null, at: 'help/first-steps', ready: 'Back to sign-in' },
  {
    name: 'keys',
    role: 'operator',
    at: `review/${ID.review}`,
    ready: 'Whole recording',
    press: ['Shortcuts', 'Single-letter shortcuts'],
  },
];

const LOOKS: { look: string; theme: Theme; size: { width: number; height: number } }[] = [
  { look: 'light', theme: 'light', size: LAPTOP },
  { look: 'dark', theme: 'dark', size: LAPTOP },
  { look: '4k', theme: 'light', size: { width: 3840, height: 2160 } },
  { look: 'narrow', theme: 'dark', size: { width: 800, height: 1000 } },
];

for (const { name, role, at, ready, press } of PAGES) {
  for (const { look, theme, size } of LOOKS) {
    test(`${name} in ${look} is accessible and fits`, async () => {
      desk.role = role;
      const { context, page, complaints } = await open(browser, { theme, size });
      await page.goto(`${address}/#/${at}`);
      await page.getByText(ready).first().waitFor();
      if (press) {
        await page.getByRole('button', { name: press[0] }).first().click();
        await page.getByText(press[1]).first().waitFor();
      }
      if (name === 'review') await page.waitForTimeout(800);
      await page.waitForTimeout(250);
      await picture(page, `${name}-${look}`);
      await checkAccess(page);
      await checkWidth(page);
      expect(complaints).toEqual([]);
      await context.close();
    });
  }
}

/** 1366 pixels at 200 % zoom are 683. */
const SIZES = [
  { width: 800, height: 1000 },
  LAPTOP,
  { width: 1920, height: 1080 },
  { width: 683, height: 384 },
];

for (const { name, role, at, ready, press } of PAGES) {
  test(`${name} keeps the rules at every size and at 200 %, in both themes`, async () => {
    desk.role = role;
    const { context, page, complaints } = await open(browser);
    await page.goto(`${address}/#/${at}`);
    await page.getByText(ready).first().waitFor();
    if (press) {
      await page.getByRole('button', { name: press[0] }).first().click();
      await page.getByText(press[1]).first().waitFor();
    }
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.waitForTimeout(150);
        const look = `${name} at ${size.width} in ${colorScheme}`;
        await checkAccess(page, ['wcag22aa'], look);
      }
      await checkWidth(page);
    }
    expect(complaints).toEqual([]);
    await context.close();
  }, 120_000);
}
