// A desk in memory and a browser at its pages, for a file of tests.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { Role } from '../../src/api/types';
import { launch, open, type Theme } from './chromium';
import { FakeDesk } from './fake-desk';

export interface InMemory {
  desk: FakeDesk;
  /** The address of a page. */
  place: (at: string) => string;
  /** Opens a page, lets the test act, and checks that the browser complained about nothing. */
  visit: (
    at: string,
    act: (page: Page) => Promise<void>,
    options?: { size?: { width: number; height: number }; theme?: Theme },
  ) => Promise<void>;
}

/** Every test begins as a user of `role`; passkeys need `host` to be a name. */
export function inMemory(role: Role, host = '127.0.0.1'): InMemory {
  const desk = new FakeDesk();
  let browser: Browser;
  let address = '';
  beforeAll(async () => {
    browser = await launch();
    address = (await desk.start()).replace('127.0.0.1', host);
  });
  afterAll(async () => {
    await browser.close();
    desk.stop();
  });
  beforeEach(() => {
    desk.role = role;
    desk.posts = [];
  });
  const place = (at: string): string => `${address}/#/${at}`;
  return {
    desk,
    place,
    visit: async (at, act, options = {}) => {
      const { context, page, complaints } = await open(browser, options);
      await page.goto(place(at));
      await act(page);
      expect(complaints).toEqual([]);
      await context.close();
    },
  };
}
