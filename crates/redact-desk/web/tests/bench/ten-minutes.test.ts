// Ten minutes with 20 tracks, from the first decision to the second approval, at the real desk.
// Prints what the machine takes, beside what a person is assumed to take.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FullRequest, SheetItem } from '../../src/api/types';
import { launch, picture, ROOT } from '../browser/chromium';
import { Server } from '../browser/server';
import * as steps from '../browser/steps';

const DEMO = resolve(ROOT, 'fixtures/demo.mp4');
const SECONDS = 600;
const TRACKS = 20;
/** A person looks at each track for three seconds, and watches at four times the speed. */
const person = (tracks: number): number => tracks * 3 + SECONDS / 4;
const LONG = 900_000;

let browser: Browser;
let operator: steps.Member;
let approver: steps.Member;
const server = new Server();
const machine = new Map<string, number>();

beforeAll(async () => {
  browser = await launch();
  await server.start();
  const admin = await steps.welcome(browser, server.link, { name: 'Carla Reyes', login: 'carla' });
  const member = async (name: string, login: string, role: string): Promise<steps.Member> => {
    const link = await steps.invite(admin.page, { name, login, role });
    return steps.welcome(browser, link, { name, login });
  };
  operator = await member('Ada Okafor', 'ada', 'Operator');
  approver = await member('Ben Holm', 'ben', 'Approver');
  const { page } = operator;
  await steps.newRequest(page, 'PR-2026-0141', 'us-mn');
  await page.locator('input[type="file"]').setInputFiles(tenMinutes());
  await page.getByRole('link', { name: 'Open' }).first().waitFor({ timeout: LONG });
}, LONG);
afterAll(async () => {
  await browser.close();
  await server.end();
});

/** The demo clip several times, with nobody in the picture between. */
function tenMinutes(): string {
  const clip = resolve(server.folder, 'ten-minutes.mp4');
  const times = 4;
  const empty = SECONDS / times - 10;
  const filler = [
    ...['-f', 'lavfi', '-t', String(empty), '-i', 'color=0x445566:s=1280x720:r=30'],
    ...['-f', 'lavfi', '-t', String(empty), '-i', 'anullsrc=r=48000:cl=mono'],
  ];
  const fit = '[0:v]fps=30,scale=1280:720,setsar=1,format=yuv420p,split=4[a0][a1][a2][a3];';
  const sound = '[0:a:0]aresample=48000,pan=mono|c0=c0,asplit=4[s0][s1][s2][s3];';
  const rest =
    '[1:v]setsar=1,format=yuv420p,split=4[b0][b1][b2][b3];[2:a]asplit=4[t0][t1][t2][t3];';
  const parts = [0, 1, 2, 3].map((n) => `[a${n}][s${n}][b${n}][t${n}]`).join('');
  const graph = `${fit}${sound}${rest}${parts}concat=n=8:v=1:a=1[v][a]`;
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y', '-i', DEMO, ...filler, '-filter_complex', graph],
    ...['-map', '[v]', '-map', '[a]', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20'],
    ...['-c:a', 'aac', clip],
  ]);
  return clip;
}

async function timed(what: string, act: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  machine.set(what, seconds);
  console.info(`${what}: ${seconds.toFixed(1)} s`);
}

const settled = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('video')?.seeking === false);

/** Every picture of the contact sheet, as recorded and as it would be released. */
async function wholeSheet(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Contact sheet' }).waitFor();
  const loaded = (part: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => {
        const pictures = [...document.querySelectorAll<HTMLImageElement>('section li img')];
        for (const each of pictures) each.loading = 'eager';
        const there = (i: HTMLImageElement): boolean =>
          i.src.includes(wanted) && i.complete && i.naturalWidth > 0;
        return pictures.length > 0 && pictures.every(there);
      },
      part,
      { timeout: 120_000 },
    );
  await loaded('/api/recordings/');
  await page.getByLabel('As released').check();
  await loaded('/preview/');
}

test(
  'ten minutes with 20 tracks: decisions, contact sheet, reasons of the law, two approvals',
  async () => {
    const { page } = operator;
    let tracks = 0;
    await timed('decisions', async () => {
      await steps.openReview(page);
      await page.keyboard.press('u');
      await settled(page);
      for (; (await page.getByText(/^\s*0 undecided/).count()) === 0 && tracks < 99; tracks += 1) {
        await page.keyboard.press('h');
        await settled(page);
      }
      await page.getByRole('tab', { name: /Sound/ }).click();
      await page.getByRole('button', { name: 'Mute all speech' }).click();
      await steps.saved(page);
    });
    await timed('approval of the operator', async () => {
      await page.keyboard.press('Control+Enter');
      await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
      await wholeSheet(page);
      await steps.approve(page);
      await page
        .getByText(/Awaiting (second approval|an approver)/)
        .first()
        .waitFor();
    });
    await picture(page, 'bench-ten-minutes');
    await timed('approval of the approver', async () => {
      await approver.page.goto(page.url());
      await wholeSheet(approver.page);
      await steps.approve(approver.page);
      await approver.page.getByRole('button', { name: 'Render release' }).waitFor();
    });
    // Every reason that was given is one of the law.
    const items = await sheetOf(page);
    const reasons = new Set(items.map((i) => i.decision?.reason));
    console.info(`${items.length} tracks, reasons: ${[...reasons].join(', ')}`);
    expect([...reasons].every((r) => r?.startsWith('mn-'))).toBe(true);
    const whole = [...machine.values()].reduce((a, b) => a + b, 0);
    const all = whole + person(items.length);
    console.info(`machine ${whole.toFixed(1)} s, with a person ${all.toFixed(0)} s`);
    expect(items.length).toBeGreaterThanOrEqual(TRACKS);
    expect(all).toBeLessThan(240);
  },
  LONG,
);

function sheetOf(page: Page): Promise<SheetItem[]> {
  return page.evaluate(async () => {
    const ask = async <T>(path: string): Promise<T> =>
      (await (await fetch(`/api${path}`)).json()) as T;
    const [request] = await ask<{ id: string }[]>('/requests');
    const { recordings } = await ask<FullRequest>(`/requests/${request!.id}`);
    return ask<SheetItem[]>(`/reviews/${recordings[0]!.reviews[0]!.id}/sheet`);
  });
}
