// A month in a records office at the real desk: twelve requests under five laws, four people, fees
// and a dispute about them, letters, a hold, a disposal, a sealing order, an audit, and the figures
// at the end. The desk's clock is set from day to day; what must come out is in `month.ts`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as api from '../../src/api/types';
import { checkAccess, checkWidth, launch, picture, ROOT } from './chromium';
import { DISPOSITIONS, FIGURES, type MonthRequest, REQUESTS } from './month';
import { FAKETIME, REDACT, Server } from './server';
import * as steps from './steps';

const DEMO = resolve(ROOT, 'fixtures/demo.mp4');
const LONG = 300_000;
const server = new Server('--time-zone', 'America/Chicago');
const ids = new Map<string, string>();
const recordings = new Map<string, string>();
const releases = new Map<string, string>();

let browser: Browser;
let admin: steps.Member;
let operator: steps.Member;
let approver: steps.Member;
let auditor: steps.Member;
let held = '';

if (FAKETIME === undefined) console.info('month: skipped, the package faketime is not installed');

/** Nine in the morning in Chicago, or ten once summer time has begun there on March 8. */
const morning = (day: string): string => `${day}T15:00:00Z`;

/** The desk on another day, with these people at their desks. */
async function on(day: string, ...members: steps.Member[]): Promise<void> {
  await server.startAt(morning(day));
  for (const member of members) {
    await member.page.clock.setFixedTime(server.now());
    await steps.signIn(member, server);
  }
}

/** What a page does, without the page: for what other tests do with the mouse and the keys. */
async function ask<T>(
  member: steps.Member,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await member.page.evaluate(
    async ([how, where, what]) => {
      const headers = { 'Content-Type': 'application/json' };
      const init = what === undefined ? { method: how } : { method: how, headers, body: what };
      const got = await fetch(`/api${where}`, init);
      return { ok: got.ok, text: await got.text() };
    },
    [method, path, body === undefined ? undefined : JSON.stringify(body)] as const,
  );
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.text}`);
  return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
}

/** What the desk refuses, in its words. */
async function refused(
  member: steps.Member,
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const error: unknown = await ask(member, method, path, body).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error, `${method} ${path} was not refused`).toBeInstanceOf(Error);
  return (error as Error).message;
}

const id = (number: string): string => ids.get(number)!;
const request = (number: string): string => `/requests/${id(number)}`;

async function look(page: Page, name: string): Promise<void> {
  await picture(page, `month-${name}`);
  await checkAccess(page);
  await checkWidth(page);
}

async function receive(day: string): Promise<void> {
  for (const each of REQUESTS.filter((r) => r.received === day)) {
    const made = await ask<api.Request>(operator, 'POST', '/requests', {
      number: each.number,
      requester_kind: each.kind,
      requester: `Requester of ${each.number}`,
      jurisdiction: each.law,
      received_on: each.received,
      assignee: null,
      note: '',
    });
    ids.set(each.number, made.id);
  }
}

async function close(day: string): Promise<void> {
  for (const each of REQUESTS.filter((r) => r.closed?.on === day)) {
    const { disposition, reason = '' } = each.closed!;
    await ask(operator, 'POST', `${request(each.number)}/close`, { disposition, reason });
  }
}

/** Four seconds of the sample from `start`, uploaded to a request; gives the recording's id. */
async function upload(number: string, start: number): Promise<string> {
  const clip = resolve(server.folder, `camera-${start}.mp4`);
  const cut = ['-v', 'error', '-y', '-ss', String(start), '-t', '4', '-i', DEMO];
  execFileSync('ffmpeg', [...cut, '-c:v', 'libx264', '-preset', 'veryfast', '-c:a', 'aac', clip]);
  const { page } = operator;
  await page.goto(`${server.address}/#/request/${id(number)}`);
  await page.getByRole('heading', { name: number, level: 1 }).waitFor();
  await page.locator('input[type="file"]').first().setInputFiles(clip);
  await page.getByRole('link', { name: 'Open' }).first().waitFor({ timeout: 240_000 });
  const { recordings } = await ask<api.FullRequest>(operator, 'GET', request(number));
  return recordings[0]!.id;
}

/** Decided by the policy, approved by two, rendered, verified, handed over; gives the release. */
async function release(number: string): Promise<string> {
  const { page } = operator;
  await page.goto(`${server.address}/#/request/${id(number)}`);
  await steps.reviewByPolicy(page);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: /^Approve:/ }).waitFor();
  await steps.approve(page);
  await page
    .getByText(/Awaiting (second approval|an approver)/)
    .first()
    .waitFor();
  await approver.page.goto(page.url());
  await approver.page.getByRole('heading', { name: /^Approve:/ }).waitFor();
  await steps.approve(approver.page);
  await steps.render(approver.page);
  await approver.page
    .getByRole('heading', { name: 'Verification passed' })
    .waitFor({ timeout: 240_000 });
  const made = approver.page.url().split('/').at(-1)!;
  await ask(approver, 'POST', `/releases/${made}/copies`, {
    to: `Requester of ${number}`,
    medium: 'download',
    files: ['release', 'manifest', 'manifest_signature'],
  });
  return made;
}

/** Makes a letter and records that it was sent; gives its words. */
async function letter(
  number: string,
  body: { kind: api.LetterKind; text?: string },
  on: string,
): Promise<string> {
  const path = `${request(number)}/letters`;
  const { blocks } = await ask<api.PaperPreview>(operator, 'POST', `${path}/preview`, body);
  const made = await ask<{ id: string }>(operator, 'POST', path, body);
  const sent = { to: `Requester of ${number}`, means: 'mail', on };
  await ask(operator, 'POST', `${path}/${made.id}/sends`, sent);
  return JSON.stringify(blocks);
}

const invoices = (): Promise<api.Invoice[]> => ask(operator, 'GET', `${request('M-04')}/invoices`);

function slow(name: string, act: () => Promise<void>): void {
  const told = async (): Promise<void> => {
    try {
      await act();
    } catch (error) {
      for (const member of [operator, approver, auditor]) {
        if (member !== undefined) await picture(member.page, `month-failed-${member.login}`);
      }
      throw error;
    }
  };
  test(name, told, LONG);
}

describe.skipIf(FAKETIME === undefined)('a month', () => {
  beforeAll(async () => {
    if (!existsSync(REDACT)) throw new Error(`${REDACT} is not built: run make build`);
    browser = await launch();
    await server.startAt(morning('2026-03-02'));
  });
  afterAll(async () => {
    await browser.close();
    await server.end();
  });

  slow('March 2: four people, and the first requests', async () => {
    const now = (): number => server.now();
    const join = (link: string, name: string, login: string): Promise<steps.Member> =>
      steps.welcome(browser, link, { name, login }, now);
    admin = await join(server.link, 'Carla Reyes', 'carla');
    const invite = (name: string, login: string, role: string): Promise<string> =>
      steps.invite(admin.page, { name, login, role });
    operator = await join(await invite('Ada Okafor', 'ada', 'Operator'), 'Ada Okafor', 'ada');
    approver = await join(await invite('Ben Holm', 'ben', 'Approver'), 'Ben Holm', 'ben');
    auditor = await join(await invite('Dee Park', 'dee', 'Auditor'), 'Dee Park', 'dee');
    await receive('2026-03-02');
  });

  slow('every due date is the one that was worked out by hand', async () => {
    await on('2026-03-05', operator);
    for (const day of ['2026-03-03', '2026-03-04', '2026-03-05']) await receive(day);
    const counted = async ({ number, due, why }: MonthRequest): Promise<void> => {
      const found = await ask<api.FullRequest>(operator, 'GET', request(number));
      expect(found.due_on, `${number}: ${why}`).toBe(due);
    };
    for (const each of REQUESTS.filter((r) => ids.has(r.number) && r.number !== 'M-01')) {
      await counted(each);
    }
    const { page } = operator;
    await page.goto(`${server.address}/#/queue`);
    await page.getByRole('link', { name: 'M-05' }).waitFor();
    await look(page, '01-queue');
  });

  slow('March 6: three recordings arrive, one request is withdrawn', async () => {
    await on('2026-03-06', operator);
    recordings.set('M-02', await upload('M-02', 0));
    recordings.set('M-04', await upload('M-04', 3));
    recordings.set('M-06', await upload('M-06', 6));
    await close('2026-03-06');
  });

  slow('March 9: the estimate for Ohio is within its five business days', async () => {
    await on('2026-03-09', operator);
    await receive('2026-03-09');
    const { clock } = await ask<api.FullRequest>(operator, 'GET', request('M-05'));
    const estimate = clock.milestones.find((m) => m.kind === 'estimate');
    // March 5, 6, 9, 10, 11.
    expect(estimate?.due_on).toBe('2026-03-11');
    await ask(operator, 'POST', `${request('M-04')}/estimates`, {
      rate: '40.00',
      search_minutes: 30,
      review_minutes: 60,
      redaction_minutes: 90,
    });
    const fees = await ask<api.RequestFees>(operator, 'GET', `${request('M-04')}/fees`);
    // Washington charges redaction and copies, not search or review: 90 minutes at $40.00.
    expect(fees.estimates[0]?.total).toBe('60.00');
    expect(await letter('M-04', { kind: 'estimate' }, '2026-03-09')).toContain('$60.00');
    await letter('M-05', { kind: 'acknowledgement' }, '2026-03-09');
    const told = await ask<api.FullRequest>(operator, 'GET', request('M-04'));
    expect(told.history.map((h) => h.action)).toContain('letter-sent');
  });

  slow('March 10 and 11: the work took longer than was estimated', async () => {
    await on('2026-03-11', operator, approver);
    await receive('2026-03-10');
    const spent = (work: api.Work, minutes: number): Promise<void> =>
      ask(operator, 'POST', `${request('M-04')}/time`, { day: '2026-03-10', work, minutes });
    await spent('search', 20);
    await spent('review', 45);
    await spent('redaction', 120);
    const fees = await ask<api.RequestFees>(operator, 'GET', `${request('M-04')}/fees`);
    // 120 minutes at $40.00 are $80.00: a third more than $60.00, and 25 percent is the limit.
    // Percent are rounded away from zero, so that 25.1 is more than 25.
    expect(fees.bill?.total).toBe('80.00');
    expect(fees.difference_percent).toBe(34);
    const { page } = operator;
    await page.goto(`${server.address}/#/request/${id('M-04')}`);
    await page.getByText(/34 ?%/).first().waitFor();
    await look(page, '02-fees');
  });

  slow('March 11: an invoice of $80.00 is paid', async () => {
    const made = await ask<{ id: string }>(operator, 'POST', `${request('M-04')}/invoices`, {
      basis: 'time',
    });
    const payments = `${request('M-04')}/invoices/${made.id}/payments`;
    await ask(operator, 'POST', payments, { paid_on: '2026-03-11', amount: '80.00' });
    const [invoice] = await invoices();
    expect(invoice).toMatchObject({ number: 'INV-2026-0001', total: '80.00', balance: '0.00' });
  });

  slow('March 11: two recordings are released, and handed over', async () => {
    releases.set('M-04', await release('M-04'));
    releases.set('M-02', await release('M-02'));
    await close('2026-03-11');
  });

  slow('March 12 to 19: an unclear request waits, and its due date moves', async () => {
    await on('2026-03-12', operator);
    await receive('2026-03-12');
    await close('2026-03-12');
    const none = await letter(
      'M-03',
      { kind: 'no_records', text: 'No camera was on at that address.' },
      '2026-03-12',
    );
    expect(none).toContain('7923.000');
    const waiting = { waiting_for: 'clarification', since: '2026-03-12', note: 'Which officer?' };
    await ask(operator, 'POST', `${request('M-07')}/clock/stop`, waiting);
    await on('2026-03-13', operator);
    await close('2026-03-13');
  });

  slow('March 13: a recording may go, and a hold keeps it', async () => {
    const path = `/recordings/${recordings.get('M-06')!}`;
    const kept = await ask<api.RetainedRecording>(operator, 'PUT', `${path}/retention`, {
      category: 'not_evidence',
      counted_from: '2025-11-20',
      reason: '',
    });
    // Minn. Stat. 13.825: at least 90 days: ten in November, 31, 31, and 18 of February.
    expect(kept.until).toBe('2026-02-18');
    expect(kept.state).toBe('may_go');
    const hold = await ask<api.Hold>(operator, 'POST', '/holds', {
      recording: recordings.get('M-06'),
      matter: '27-CV-26-1',
      authority: 'County attorney',
      reason: 'A claim was announced.',
    });
    held = hold.id;
    expect(await refused(operator, 'POST', `${path}/disposal`, {})).toContain('"held"');
    const { page } = operator;
    await page.goto(`${server.address}/#/retention`);
    await page.getByText('M-06').first().waitFor();
    await look(page, '03-retention');
  });

  slow('March 17: the hold is over, and two people dispose of the recording', async () => {
    await on('2026-03-17', operator, approver);
    await receive('2026-03-16');
    await close('2026-03-17');
    await ask(approver, 'POST', `/holds/${held}/release`, { reason: 'The claim was dropped.' });
    const path = `/recordings/${recordings.get('M-06')!}/disposal`;
    const proposed = await ask<api.Disposal>(operator, 'POST', path, { reason: '' });
    const confirm = `/disposals/${proposed.id}/confirm`;
    expect(await refused(operator, 'POST', confirm, { password: steps.PASSWORD })).toContain(
      'error',
    );
    await ask(approver, 'POST', confirm, { password: steps.PASSWORD });
    const state = async (): Promise<string> =>
      (await ask<api.Disposal>(operator, 'GET', `/disposals/${proposed.id}`)).state;
    await expect.poll(state, { timeout: 60_000 }).toBe('done');
    const { page } = operator;
    await page.goto(`${server.address}/#/disposals/${proposed.id}`);
    // Its name is gone with it.
    const called = `recording-${recordings.get('M-06')!.slice(0, 8)}`;
    await page.getByText(called).first().waitFor();
    expect(await page.getByText('camera-6.mp4').count()).toBe(0);
    await look(page, '04-disposal');
  });

  slow('March 17: the fee is disputed, and a new invoice names the old one', async () => {
    const [old] = await invoices();
    // An estimate of $60.00 was given; what is above it is not charged: $20.00 go back.
    await ask(operator, 'POST', `${request('M-04')}/invoices`, {
      basis: 'time',
      corrects: { invoice: old!.id, why: 'The estimate was exceeded without notice.' },
      reduction: { amount: '20.00', reason: 'Beyond the estimate' },
    });
    const [corrected] = await invoices();
    expect(corrected).toMatchObject({
      number: 'INV-2026-0002',
      total: '60.00',
      paid: '80.00',
      balance: '-20.00',
      corrects: 'INV-2026-0001',
    });
    const { page } = operator;
    await page.goto(`${server.address}/#/request/${id('M-04')}`);
    await page.getByText('INV-2026-0002').first().scrollIntoViewIfNeeded();
    await look(page, '05-invoices');
  });

  slow('March 19 and 20: the reply comes, and a request is denied', async () => {
    await on('2026-03-19', operator);
    await ask(operator, 'POST', `${request('M-07')}/clock/start`, { on: '2026-03-19' });
    await close('2026-03-19');
    await on('2026-03-20', operator);
    await close('2026-03-20');
    const denial = await letter(
      'M-08',
      { kind: 'denial', text: 'The recording is part of an open investigation.' },
      '2026-03-20',
    );
    expect(denial).toContain('An investigation is open.');
    expect(denial).toContain('Your rights');
    const { page } = operator;
    await page.goto(`${server.address}/#/request/${id('M-08')}`);
    await page.getByRole('heading', { name: 'Letters' }).scrollIntoViewIfNeeded();
    await look(page, '06-letters');
  });

  slow('March 24: a court closes a recording that is out already', async () => {
    await on('2026-03-24', operator, approver);
    const recording = recordings.get('M-04')!;
    const order = await ask<api.Sealing>(approver, 'POST', '/sealings', {
      kind: 'sealing',
      recording,
      court: 'Superior Court of Spokane County',
      number: '26-1-00417-32',
      dated: '2026-03-23',
      people: [(await ask<api.Me>(approver, 'GET', '/me')).id],
      password: steps.PASSWORD,
    });
    expect(order.out.map((copy) => copy.to)).toEqual(['Requester of M-04']);
    expect(await refused(operator, 'GET', `/recordings/${recording}`)).toContain('"sealed"');
    expect(await refused(operator, 'GET', `/releases/${releases.get('M-04')!}`)).toContain(
      '"sealed"',
    );
    const found = await ask<api.SearchResults>(operator, 'GET', '/search?find=camera-3');
    expect(found.hits).toEqual([]);
    await approver.page.goto(`${server.address}/#/orders`);
    await approver.page.getByText('26-1-00417-32').first().waitFor();
    await look(approver.page, '07-orders');
  });

  slow('March 31: the figures are those counted by hand', async () => {
    await on('2026-03-31', operator, auditor);
    for (const day of ['2026-03-23', '2026-03-30']) await receive(day);
    const longer = { days: 10, unit: 'working_days', reason: 'Three offices hold the recordings.' };
    await ask(operator, 'POST', `${request('M-01')}/clock/extend`, longer);
    for (const each of REQUESTS) {
      const found = await ask<api.FullRequest>(operator, 'GET', request(each.number));
      expect(found.due_on, `${each.number}: ${each.why}`).toBe(each.due);
    }
    const found = await ask<api.PeriodStatistics>(
      auditor,
      'GET',
      '/statistics?from=2026-03-01&to=2026-03-31',
    );
    expect(found.total).toMatchObject(FIGURES);
    const closed = found.dispositions.map((d) => [d.disposition, d.count]);
    expect(Object.fromEntries(closed)).toEqual(DISPOSITIONS);
    expect(found.people.map((p) => [p.name, p.minutes])).toContainEqual(['Ada Okafor', 185]);
    // Three clips of four seconds came in, two went out.
    expect(found.total.recordings).toBe(3);
    expect(Math.round(found.total.seconds_in)).toBe(12);
    expect(found.total.releases).toBe(2);
    expect(Math.round(found.total.seconds_out)).toBe(8);
    const { page } = auditor;
    await page.goto(`${server.address}/#/statistics`);
    await page.getByRole('heading', { name: 'Statistics' }).waitFor();
    await look(page, '08-statistics');
  });

  slow('March 31: the auditor sees who looked, and that the log is whole', async () => {
    const report = await ask<api.AccessReport>(auditor, 'GET', '/access?from=2026-03-01');
    const of = (number: string): api.RecordingAccess | undefined =>
      report.recordings.find((one) => one.recording.id === recordings.get(number));
    // One copy of each release was handed over; nobody downloaded anything.
    expect(of('M-02')?.figures).toMatchObject({ copies: 1, downloads: 0 });
    expect(of('M-02')?.recording).toMatchObject({ name: 'camera-0.mp4', request: 'M-02' });
    expect(of('M-02')?.people).toEqual(expect.arrayContaining(['Ada Okafor', 'Ben Holm']));
    // The order closes the other to the auditor, too: that it was seen stays, and no name.
    expect(of('M-04')?.recording).toMatchObject({ name: '', request: '' });
    const log = await ask<{ whole: boolean }>(auditor, 'GET', '/events/check');
    expect(log.whole).toBe(true);
    const { page } = auditor;
    await page.goto(`${server.address}/#/access`);
    await page.getByText('camera-0.mp4').first().waitFor();
    await look(page, '09-access');
  });
});
