// The office: the queue with its filters, requests, accounts, the event log and the inbox, with
// what a person does there, also with a window at 200 % zoom.
import { expect, test } from 'vitest';
import type * as api from '../../src/api/types';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

/** A laptop of 1366 × 768 at 200 % zoom. */
const ZOOMED = { width: 683, height: 384 };

const { desk, visit } = inMemory('operator');

test('filters of the queue are in the address, and Back returns to them', () =>
  visit('queue', async (page) => {
    await page.getByRole('link', { name: 'PR-2026-0144' }).waitFor();
    await page.getByLabel('Due').selectOption('overdue');
    await expect.poll(() => page.getByRole('link', { name: /^(PR|CT)-/ }).count()).toBe(2);
    expect(page.url()).toContain('due=overdue');
    await page.getByRole('link', { name: 'PR-2026-0141' }).click();
    await page.getByRole('heading', { name: 'PR-2026-0141' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Requests' }).waitFor();
    await expect.poll(() => page.getByLabel('Due').inputValue()).toBe('overdue');
    await expect.poll(() => page.getByRole('link', { name: /^(PR|CT)-/ }).count()).toBe(2);
    const stages = await page.getByLabel('State').innerText();
    expect(stages).toContain('Ready to hand over (0)');
  }));

test('selected requests are assigned and closed together', () =>
  visit('queue', async (page) => {
    await page.getByLabel('Select PR-2026-0144').check();
    await page.getByLabel('Select PR-2026-0150').check();
    await page.getByText('2 requests selected').waitFor();
    await page.getByLabel('Assign to').selectOption({ label: 'Ben Holm' });
    await checkAccess(page);
    await picture(page, 'queue-bulk');
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByText('2 requests assigned.').waitFor();
    expect(desk.posts).toHaveLength(2);
    expect(desk.posts[0]!.body).toEqual({ assignee: 'f'.repeat(32) });

    desk.posts = [];
    await page.getByLabel('Select PR-2026-0150').check();
    await page.getByRole('button', { name: 'Close 1 request…' }).click();
    await page.getByRole('radio', { name: /^Denied(?! in part)/ }).check();
    await checkAccess(page);
    const button = page.getByRole('button', { name: 'Close request', exact: true });
    await button.click();
    expect(desk.posts, 'a denial needs a reason').toEqual([]);
    await page.getByLabel('Reason').fill('Sec. 7(C)');
    await button.click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toMatch(/\/close$/);
    expect(desk.posts[0]!.body).toEqual({ disposition: 'denied', reason: 'Sec. 7(C)' });
  }));

test('a form shows the counted due date, and a law that sets none for the requester', () =>
  visit('queue', async (page) => {
    await page.getByRole('button', { name: 'New request' }).first().click();
    await page.getByLabel('Request number').fill('7');
    await page.getByLabel('Received on').fill('2026-02-10');
    await page.getByText('Mar 10, 2026').waitFor();
    await page.getByLabel('Law that sets').selectOption({
      label: 'Minnesota Government Data Practices Act (no number of days)',
    });
    await page.getByText('Within a reasonable time; no number of days.').waitFor();
    await page.getByText('Target: Mar 10, 2026').waitFor();
    await page.getByLabel('Use our own rule').check();
    await page.getByLabel('Where the deadline comes from').fill('Policy 7');
    await checkAccess(page);
    await picture(page, 'request-form');
    await page.getByLabel('Set by hand').check();
    await page.getByLabel('Due on').fill('2026-02-01');
    await page.getByText('before the date received').waitFor();
    await page.getByLabel('Law that sets').selectOption({ label: 'Another law or rule…' });
    await page.getByLabel('Name of the law or rule').fill('City code');
    await page.getByLabel('Where the deadline comes from').fill('2-41');
    await page.getByLabel('By law').check();
    await checkAccess(page);
    await checkWidth(page);
  }));

test('deadlines, waiting and extensions of a request', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByText('Acknowledgment').first().waitFor();
    await page.getByRole('button', { name: 'Wait for requester…' }).click();
    await page.getByText('The agency may toll the period once.').waitFor();
    await page.getByLabel('What you are waiting for').selectOption('payment');
    await page.getByText('says nothing about waiting for this').waitFor();
    await checkAccess(page);
    await picture(page, 'clock-stop');
    await page.getByLabel('Waiting since').fill('2026-02-20');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `/requests/${ID.request}/clock/stop`,
      body: { waiting_for: 'payment', since: '2026-02-20', note: '' },
    });
    await page.getByRole('button', { name: 'Extend…' }).click();
    await page.getByText('In unusual circumstances, by written notice.').waitFor();
    await page.getByLabel('Reason').fill('Two agencies are consulted');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(2);
    expect(desk.posts[1]!.body).toEqual({
      days: 10,
      unit: 'working_days',
      reason: 'Two agencies are consulted',
    });
    await page.getByRole('button', { name: 'Record date sent…' }).click();
    await page.getByLabel('Sent on').fill('2026-03-01');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(3);
    expect(desk.posts[2]!.body).toEqual({ kind: 'estimate', on: '2026-03-01' });
  }));

test('time and fees: a bill far above its estimate is pointed out', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByText('For the time entered: $78.00').waitFor();
    await page.getByText('45 % above the estimate; more than 20 %').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'request-fees');
    await page.getByRole('button', { name: 'Add time…' }).click();
    await page.getByLabel('Minutes').fill('25');
    await page.getByLabel('Day').fill('2026-03-01');
    await checkAccess(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `/requests/${ID.request}/time`,
      body: { day: '2026-03-01', work: 'redaction', minutes: 25, note: '' },
    });
    await page.getByRole('button', { name: 'Estimate the fee…' }).click();
    await page.getByLabel('Minutes of search').waitFor({ state: 'detached' });
    await page.getByLabel('Dollars an hour').fill('40');
    await checkAccess(page);
    await picture(page, 'fee-estimate');
    await page.getByRole('button', { name: 'Save estimate' }).click();
    await expect.poll(() => desk.posts.length).toBe(2);
    expect(desk.posts[1]!.body).toEqual({
      rate: '40',
      search_minutes: 0,
      review_minutes: 0,
      redaction_minutes: 45,
    });
  }));

test('statistics have a chart, tables and an export', () =>
  visit('statistics', async (page) => {
    await page.getByRole('row', { name: /Total 39 / }).waitFor();
    await page.getByRole('img', { name: /Requests by month/ }).waitFor();
    await page.getByText('Handed over, not closed').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'statistics');
    await page.getByLabel('From').fill('2026-02-01');
    const csv = page.getByRole('link', { name: 'Export CSV' });
    await expect.poll(() => csv.getAttribute('href')).toContain('from=2026-02-01');
  }));

test('what a law sets can be looked up with its sources', () =>
  visit('laws/us-mn', async (page) => {
    await page.getByRole('heading', { name: 'Minnesota Government Data Practices Act' }).waitFor();
    await page.getByText('Answer: no number of days').waitFor();
    await page.getByText('Answer: 10 working days (person in the recording)').waitFor();
    await page.getByText('Non-evidentiary: at least 90 days').waitFor();
    await page.getByText('At most $750.00 for a request').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'laws');
  }));

test('a recording is removed with a reason', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByText('This file was also added elsewhere.').first().waitFor();
    await page.getByRole('button', { name: 'Remove…', exact: true }).first().click();
    await page.getByText('This cannot be undone').waitFor();
    await checkAccess(page);
    await picture(page, 'recording-remove');
    await page.getByLabel('Reason').fill('The wrong recording');
    await page.getByRole('button', { name: 'Remove recording' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toMatch(/^\/recordings\/.*\/remove$/);
    expect(desk.posts[0]!.body).toEqual({ reason: 'The wrong recording' });
  }));

test('a file that is no recording is not sent', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByText('broken.avi').waitFor();
    // The visible words are the name of the button: speech input can hit it.
    const input = page.locator('input[type=file]');
    await expect
      .poll(() => input.evaluate((i: HTMLInputElement) => i.labels?.[0]?.innerText.trim()))
      .toBe('Choose files');
    expect(await input.getAttribute('aria-label')).toBeNull();
    const zip = { name: 'evidence.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') };
    await input.setInputFiles([
      zip,
      { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) },
    ]);
    await page.getByText('evidence.zip is an archive. Unpack it').waitFor();
    await page.getByText('a.mp4 is empty.').waitFor();
    expect(desk.posts).toEqual([]);
    expect(await page.title()).toContain('PR-2026-0141');
  }));

test('changes of accounts ask, and say what follows', async () => {
  desk.role = 'administrator';
  await visit('users', async (page) => {
    const row = page.getByRole('row', { name: /Ben Holm/ });
    await row.getByRole('button', { name: 'New link…' }).click();
    await page.getByText('Their signing key is retired').waitFor();
    await page.getByText('choose “Unlock” instead').waitFor();
    await checkAccess(page);
    await picture(page, 'users-reset');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await row.getByRole('combobox').selectOption('administrator');
    await page.getByText('They can grant and revoke access').waitFor();
    expect(desk.posts, 'nothing happens before the answer').toEqual([]);
    await page.getByRole('button', { name: 'Change role' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.body).toEqual({ role: 'administrator' });
    await page.getByText('You are the only administrator.').waitFor();
  });
});

test('the event log names things, and a name finds the other entries', async () => {
  desk.role = 'auditor';
  await visit('events', async (page) => {
    await page.getByText('Request changed').waitFor();
    await page.getByText('Due on: Feb 26, 2026 → Feb 28, 2026').waitFor();
    expect(await page.getByText(/[0-9a-f]{32}/).count()).toBe(0);
    await page.getByRole('button', { name: 'unit-12-main-street.mp4' }).click();
    await page.getByText('Only entries about').waitFor();
    const csv = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
    expect(csv).toBe(`/api/events/csv?about=${ID.recording}`);
    await checkAccess(page);
  });
});

test('the inbox has what waits, with its number in the navigation and the title', () =>
  visit('inbox', async (page) => {
    await page.getByText('Waiting for your approval (1)').waitFor();
    await page.getByRole('link', { name: /^Inbox\s*4 waiting, 2 new$/ }).waitFor();
    await expect.poll(() => page.title()).toBe('(4) Inbox · Release desk');
    const approval = page.getByRole('link', { name: 'PR-2026-0144' });
    expect(await approval.getAttribute('href')).toBe(`#/review/${ID.review}/approve`);
    await checkAccess(page);
    await picture(page, 'inbox');
  }));

test('an empty desk says what to do first', async () => {
  const all = desk.requests.splice(0);
  await visit('queue', async (page) => {
    await page.getByText('Enter its number, the requester and the law.').waitFor();
    await checkAccess(page);
    await picture(page, 'queue-empty');
  });
  desk.requests.push(...all);
});

test('a sealed manifest is refused before it is sent', async () => {
  desk.role = 'auditor';
  await visit('audit', async (page) => {
    await page.getByText('Drop the three files here').waitFor();
    const text = '{ "schema": "redact-sealed-manifest", "body": {} }';
    const file = { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) };
    await page.locator('input[type=file]').setInputFiles([file]);
    await page.getByText('x.json belongs to the sealed manifest').waitFor();
    await checkAccess(page);
  });
});

const PLACES: [name: string, role: api.Role, at: string, ready: string][] = [
  ['queue', 'operator', 'queue', 'PR-2026-0141'],
  ['request', 'operator', `request/${ID.request}`, 'broken.avi'],
  ['inbox', 'operator', 'inbox', 'Waiting for your approval (1)'],
  ['releases', 'auditor', 'releases', 'Verified'],
  ['events', 'auditor', 'events', 'Log intact'],
  ['users', 'administrator', 'users', 'Carla Reyes'],
  ['audit', 'auditor', 'audit', 'Failed'],
];
for (const [name, role, at, ready] of PLACES) {
  test(`${name} fits at 200 % zoom, with long numbers and names`, async () => {
    desk.role = role;
    const [first] = desk.requests;
    const was = { ...first! };
    Object.assign(first!, { number: `PR-${'2026'.repeat(16)}`, requester: 'N'.repeat(90) });
    await visit(
      at,
      async (page) => {
        await page
          .getByText(at === 'queue' ? first!.number : ready)
          .first()
          .waitFor();
        await page.waitForTimeout(300);
        await picture(page, `${name}-zoomed`);
        await checkWidth(page);
      },
      { size: ZOOMED },
    );
    Object.assign(first!, was);
  });
}
