// What was said, from the recording to the captions of its release, with the real program and a
// real clip: proposals are read and rejected, words are searched and muted, and whoever gets the
// release reads neither. Needs the speech model and the clip.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkAccess, checkWidth, launch, picture, ROOT, SHARED, type Theme } from './chromium';
import { REDACT, Server } from './server';
import * as steps from './steps';

const CLIP = resolve(SHARED, 'footage/nasa_13013.mp4');
const MODEL = resolve(process.env['REDACT_MODELS'] ?? resolve(ROOT, 'models'), 'whisper-base.bin');
const POLICY = 'Release to the public or the press, after a review';
const LONG = 400_000;
const missing = [CLIP, MODEL].filter((file) => !existsSync(file));
if (missing.length > 0) console.info(`no session about speech: ${missing.join(', ')} not found`);

describe.skipIf(missing.length > 0)('a session about speech', () => {
  let browser: Browser;
  let operator: steps.Member;
  let approver: steps.Member;
  let page: Page;
  const server = new Server();
  const files: Record<string, string> = {};

  beforeAll(async () => {
    if (!existsSync(REDACT)) throw new Error(`${REDACT} is not built: run make build`);
    browser = await launch();
    await server.start();
    const admin = await steps.welcome(browser, server.link, {
      name: 'Carla Reyes',
      login: 'carla',
    });
    const [ada, ben] = ['Ada Okafor', 'Ben Holm'];
    const first = await steps.invite(admin.page, { name: ada, login: 'ada', role: 'Operator' });
    const second = await steps.invite(admin.page, { name: ben, login: 'ben', role: 'Approver' });
    operator = await steps.welcome(browser, first, { name: ada, login: 'ada' });
    approver = await steps.welcome(browser, second, { name: ben, login: 'ben' });
    page = operator.page;
  });
  afterAll(async () => {
    await browser.close();
    await server.end();
  });

  const word = (text: string): ReturnType<Page['locator']> =>
    page.locator('[data-place]', { hasText: new RegExp(`^${text}[,.]?\\s*$`) }).first();
  /** How a word is read out: itself, or with what is done to it. */
  const told = async (text: string): Promise<string> =>
    (await word(text).getAttribute('aria-label')) ?? (await word(text).innerText()).trim();

  async function pictures(name: string): Promise<void> {
    for (const theme of ['dark', 'light'] satisfies Theme[]) {
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(200);
      await picture(page, `speech-session-${name}-${theme}`);
      await checkAccess(page);
      await checkWidth(page);
    }
  }

  const slow = (name: string, act: () => Promise<void>): void => {
    const watched = async (): Promise<void> => {
      try {
        await act();
      } catch (error) {
        await picture(page, 'speech-session-failed');
        throw error;
      }
    };
    test(name, watched, LONG);
  };

  slow('a recording is transcribed, and its personal data are proposed', async () => {
    await steps.newRequest(page, 'PR-2026-0150');
    await page.locator('input[type="file"]').setInputFiles(CLIP);
    await page.getByRole('link', { name: 'Open' }).first().waitFor({ timeout: 300_000 });
    await steps.reviewByPolicy(page, POLICY);
    await page.keyboard.press('4');
    await word('Goddard').waitFor();
    // Everything proposed is muted until a person decides otherwise.
    expect(await told('Goddard')).toBe('Goddard, muted, Person name');
    expect(await told('Greenbelt')).toBe('Greenbelt,, muted, Person name');
    expect(await told('telescope')).toBe('telescope');
    await pictures('text');
  });

  slow('each proposal is checked: what names no person is rejected for a reason', async () => {
    await page.getByRole('button', { name: /^To check/ }).click();
    await pictures('to-check');
    const proposals = page.getByRole('list', { name: 'Proposals' }).getByRole('listitem');
    const count = await proposals.count();
    const reason = page.getByLabel('Keep audible: reason');
    for (let i = 0; i < count; i += 1) {
      const row = proposals.nth(i);
      const isName = (await row.innerText()).startsWith('Person name');
      if (isName) {
        await row.getByRole('button', { name: /^Person name/ }).click();
        await reason.selectOption('nothing-to-withhold');
      } else await row.getByRole('button', { name: /^Mute/ }).click();
      await page.getByText(`${count - i - 1} of ${count} left to check`).waitFor();
    }
    await page.getByRole('button', { name: 'Text', exact: true }).click();
    expect(await told('Greenbelt')).toBe('Greenbelt,, Person name');
  });

  slow('a name is searched and muted, and one more word is selected and muted', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('goddard');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '1 word' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('h');
    await page.getByText('Words muted').first().waitFor();
    expect(await told('Goddard')).toContain('muted');
    await word('telescope').click();
    await page.keyboard.press('h');
    await expect.poll(() => told('telescope')).toBe('telescope, muted');
    await steps.saved(page);
    await pictures('decided');
  });

  slow('it is approved, released and verified', async () => {
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
    await page.getByText('0 of 4 spoken proposals unchecked').waitFor();
    await page.getByText('An approver must approve this review.').waitFor();
    const address = page.url();
    page = approver.page;
    await page.goto(address);
    await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
    await pictures('approve');
    await steps.approve(page);
    await page.getByRole('button', { name: 'Render release' }).waitFor();
    await steps.render(page);
    await page.getByRole('heading', { name: 'Verification passed' }).waitFor({ timeout: 300_000 });
    await pictures('release');
  });

  slow('the captions have what was kept and not what was muted', async () => {
    const kinds = {
      release: 'Release (video)',
      captions: 'Captions (WebVTT)',
      manifest: 'Public manifest',
      signature: 'Signature of the public manifest',
    };
    for (const [kind, name] of Object.entries(kinds)) {
      const arriving = page.waitForEvent('download');
      await page.getByRole('link', { name: `Download: ${name}`, exact: true }).click();
      const download = await arriving;
      files[kind] = resolve(server.folder, download.suggestedFilename());
      await download.saveAs(files[kind]);
    }
    const captions = readFileSync(files['captions']!, 'utf8');
    expect(captions).toMatch(/^WEBVTT/);
    expect(captions).not.toMatch(/goddard|telescope/i);
    const cues = captions.slice(captions.indexOf('-->'));
    expect(cues).toContain('Greenbelt');
    expect(cues).toContain('[redacted]');
    const sealed = await page.evaluate(async () => {
      const release = location.hash.split('/')[2]!;
      return (await fetch(`/api/releases/${release}/files/sealed`)).text();
    });
    expect(sealed).toContain('nothing-to-withhold');
    expect(sealed).toContain(operator.name);
    expect(sealed).not.toMatch(/goddard|telescope/i);
  });

  slow('a stranger verifies them, and sees through captions that reveal what was muted', () => {
    const environment = server.environment;
    const key = resolve(server.folder, 'agency.pub');
    writeFileSync(key, execFileSync(REDACT, ['key', 'show'], { env: environment, stdio: 'pipe' }));
    const check = (): { status: number | null; text: string } => {
      const args = ['verify', files['release']!, '--trust', key];
      const { status, stdout } = spawnSync(REDACT, args, { env: environment, encoding: 'utf8' });
      return { status, text: stdout };
    };
    const honest = check();
    expect(honest.text).toMatch(/^ok +captions, no word is muted/m);
    expect(honest.status).toBe(0);
    // A word with its true times, where the cue says that something was withheld.
    const captions = readFileSync(files['captions']!, 'utf8');
    const telling = '<00:00:04.100>telescope<00:00:04.600>';
    const changed = captions.replace(/(-->[^-]*?)\[redacted\]/, `$1${telling}`);
    expect(changed).not.toBe(captions);
    writeFileSync(files['captions']!, changed);
    const caught = check();
    expect(caught.text).toMatch(/^WRONG captions, no word is muted:.*mute/m);
    expect(caught.status).toBe(1);
    return Promise.resolve();
  });

  test('no page complained about anything', () => {
    expect([...operator.complaints, ...approver.complaints]).toEqual([]);
  });
});
