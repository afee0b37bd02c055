// What people do at the desk, step by step, as functions for the tests of whole sessions.
import { type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { open, type Watched } from './chromium';
import { Authenticator, type Server } from './server';

export const PASSWORD = 'seven grey herons wade';

export interface Member extends Watched {
  name: string;
  login: string;
  app: Authenticator;
}

/** Follows a one-time link to the end: password, second factor, signed in. */
export async function welcome(
  browser: Browser,
  link: string,
  who: { name: string; login: string },
  now: () => number = Date.now,
): Promise<Member> {
  const watched = await open(browser);
  const { page } = watched;
  await page.goto(link);
  await page.getByLabel('Password', { exact: true }).waitFor();
  if (await page.getByLabel('Your name').isVisible()) {
    await page.getByLabel('Your name').fill(who.name);
    await page.getByLabel('Login').fill(who.login);
  }
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repeat password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const secret = await page.locator('code.secret').innerText();
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  const app = new Authenticator(secret, now);
  await page.getByLabel('Code from the app').fill(await app.code());
  await page.getByRole('button', { name: 'Finish and sign in' }).click();
  await page.getByRole('link', { name: who.name }).waitFor();
  return { ...watched, ...who, app };
}

export async function signIn(member: Member, server: Server): Promise<void> {
  const { page } = member;
  await page.goto(server.address);
  await page.getByLabel('Login').fill(member.login);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel(/^Code/).fill(await member.app.code());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: member.name }).waitFor();
}

/** The administrator invites somebody; gives the link. */
export async function invite(
  page: Page,
  who: { name: string; login: string; role: string },
): Promise<string> {
  await page.getByRole('button', { name: 'Invite a user' }).click();
  await page.getByLabel('Name', { exact: true }).fill(who.name);
  await page.getByLabel('Login').fill(who.login);
  await page.getByRole('radio', { name: new RegExp(`^${who.role}`) }).check();
  await page.getByRole('button', { name: 'Create link' }).click();
  const link = await page.getByLabel(`Link for ${who.name}`).inputValue();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('cell', { name: who.name, exact: true }).waitFor();
  return link;
}

export async function newRequest(page: Page, number: string, law = 'us-federal'): Promise<void> {
  await page.getByRole('link', { name: 'Requests' }).first().click();
  await page.getByRole('button', { name: 'New request' }).first().click();
  await page.getByLabel('Request number').fill(number);
  await page.getByLabel(/^Name/).fill('Herald Tribune');
  await page.getByLabel('Law that sets the due date').selectOption(law);
  await page.getByRole('button', { name: 'Add request' }).click();
  await page.getByRole('heading', { name: number }).waitFor();
}

/** Waits until the recording is ready, and opens the review that it has by then. */
export async function openReview(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Open' }).first().click({ timeout: 240_000 });
  await reviewIsOpen(page);
}

/** Starts another review of a recording, decided by the policy: the first one, or the one named. */
export async function reviewByPolicy(page: Page, title?: string): Promise<void> {
  await page.getByRole('button', { name: 'Another release' }).click({ timeout: 240_000 });
  await page.getByLabel('Policy', { exact: true }).waitFor();
  await expect.poll(() => page.getByLabel('Policy', { exact: true }).inputValue()).not.toBe('');
  if (title !== undefined) {
    await page.getByLabel('Policy', { exact: true }).selectOption({ label: title });
  }
  await page.getByRole('radio', { name: /^The policy's decisions/ }).check();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await reviewIsOpen(page);
}

async function reviewIsOpen(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Whole recording' }).waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.readyState ?? 0) >= 2);
}

export async function saved(page: Page): Promise<void> {
  await page.waitForTimeout(600); // The pause after the last change.
  await page.locator('[data-save="saved"]').waitFor({ timeout: 30_000 });
}

export async function approve(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Approve…' }).click();
  await page.getByLabel(/^Your password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
}

export async function render(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Render release' }).click();
  await page.getByRole('heading', { name: 'Verification' }).waitFor();
}

/** How long the browser takes from asking for a frame to showing it, in milliseconds. */
export async function seekTimes(page: Page, count: number): Promise<number[]> {
  return page.evaluate(async (times) => {
    const video = document.querySelector('video')!;
    const took: number[] = [];
    for (let i = 0; i < times; i += 1) {
      // All over the recording, in no order.
      const target = ((i * 0.618_034) % 1) * (video.duration - 0.1);
      const start = performance.now();
      await new Promise<void>((done) => {
        video.requestVideoFrameCallback(() => done());
        video.currentTime = target;
      });
      took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b);
  }, count);
}
