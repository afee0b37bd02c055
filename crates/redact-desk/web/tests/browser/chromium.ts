// Debian's Chromium, driven by playwright-core, with what every browser test needs: pictures of
// pages as build output, the accessibility rules, and a page that may not complain.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

export const ROOT = resolve(import.meta.dirname, '../../../../..');
export const TARGET = process.env['CARGO_TARGET_DIR'] ?? resolve(ROOT, 'target');
// Footage that is not part of the repository; as `tests/shared.rs` finds it.
export const SHARED = process.env['REDACT_SHARED'] ?? resolve(ROOT, '../shared');
export const SHOTS = resolve(TARGET, 'desk-pictures');

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export type Theme = 'light' | 'dark';
export const LAPTOP = { width: 1366, height: 768 };

export async function launch(): Promise<Browser> {
  mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What the browser complained about; must be empty at the end of a test. */
export interface Watched {
  context: BrowserContext;
  page: Page;
  complaints: string[];
}

export async function open(
  browser: Browser,
  options: { theme?: Theme; size?: { width: number; height: number } } = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: options.size ?? LAPTOP,
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-US',
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A refused request is shown by the page itself, and tests provoke some.
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) {
      complaints.push(text);
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: resolve(SHOTS, `${name}.png`) });
}

/** WCAG 2.1 A and AA and the tags in `more`, by axe. Evaluated from outside: the page's policy allows no inline code. */
export async function checkAccess(
  page: Page,
  more: readonly string[] = [],
  look = '',
): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (others) => {
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', ...others];
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const result = await axe.run({ runOnly: { type: 'tag', values: rules } });
    return result.violations.map((v) => ({
      rule: v.id,
      help: v.help,
      where: v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')}: ${n.failureSummary ?? ''}`),
    }));
  }, more);
  expect(found, look).toEqual([]);
}

/** Nothing may reach out of the window to the right. */
export async function checkWidth(page: Page): Promise<void> {
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(over).toBeLessThanOrEqual(0);
}
