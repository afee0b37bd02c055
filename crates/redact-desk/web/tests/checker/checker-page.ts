// The page verify.html in a browser, and what the programs say of the same files.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { open, type Watched } from '../browser/chromium';

const PAGE = process.env['REDACT_CHECKER_PAGE'] ?? '';

/** Lines of `redact verify` on what verify.html leaves to it. */
const LEFT_TO_PROGRAM = ['leak, cropped edges', 'change, copied data', 'audit, second look'];

/** Milliseconds for a check on a busy machine. */
export const PATIENCE = 240_000;

/** What a browser lacks. */
export interface Lacking {
  /** Classes that neither the page nor its worker has. */
  classes: string[];
  /** Whether a player does not say which frame it shows. */
  frameNames?: boolean;
}

function takeAway({ classes, frameNames }: Lacking): void {
  const code = classes.map((name) => `delete self.${name};`).join('');
  const Real = Blob;
  globalThis.Blob = class extends Real {
    constructor(parts: BlobPart[] = [], options?: BlobPropertyBag) {
      super(options?.type === 'text/javascript' ? [code, ...parts] : parts, options);
    }
  };
  for (const name of classes) Reflect.deleteProperty(globalThis, name);
  if (frameNames === true) {
    Reflect.deleteProperty(HTMLVideoElement.prototype, 'requestVideoFrameCallback');
  }
}

/** The page, which may reach nothing but itself, in a browser that may lack something. */
export async function openChecker(
  browser: Browser,
  lacking?: Lacking,
): Promise<Watched & { requests: string[] }> {
  const watched = await open(browser);
  await watched.context.setOffline(true);
  if (lacking !== undefined) await watched.page.addInitScript(takeAway, lacking);
  const requests: string[] = [];
  watched.page.on('request', (request) => requests.push(request.url()));
  await watched.page.goto(pathToFileURL(PAGE).href);
  return { ...watched, requests };
}

export const keyInput = (page: Page): Locator => page.getByLabel('The agency’s public key: files');
export const filesInput = (page: Page): Locator => page.getByLabel('What you received: files');
export const folderInput = (page: Page): Locator => page.getByLabel('What you received: folder');

export const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

/** The lines of the finished check. */
export async function result(page: Page): Promise<string[]> {
  await page.locator('[data-done="true"]').waitFor({ timeout: PATIENCE });
  return page.getByRole('list', { name: 'Checks' }).getByRole('listitem').allTextContents();
}

export const isChecked = (line: string): boolean => /^(ok|WRONG) /.test(line);
export const isOwn = (line: string): boolean =>
  !LEFT_TO_PROGRAM.some((name) => line.includes(name));
