// Intake: the search, the import, notes and tasks, views and templates, with what a person does.
import { expect, test } from 'vitest';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

const { desk, visit } = inMemory('operator');

test('the search in the header leads to results, with the filters in the address', () =>
  visit('queue', async (page) => {
    await page.getByLabel('Search everything').fill('main street');
    await page.keyboard.press('Enter');
    await page.getByText('3 results').waitFor();
    expect(page.url()).toContain('find=main+street');
    const hit = page.getByRole('link', { name: 'Herald Tribune' });
    expect(await hit.getAttribute('href')).toBe(`#/release/${ID.release}`);
    await page.getByLabel('Kind').selectOption('recording');
    expect(page.url()).toContain('kind=recording');
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'search-results');
  }));

const CSV = 'Request No.,Received,Case #,File name,Weather\r\nR-1,2026-02-01,26-1,clip.mp4,sun\r\n';

test('the search tells administrators that it finds people only', async () => {
  desk.role = 'administrator';
  await visit('search', async (page) => {
    await page.getByText('Administrators search people only.').waitFor();
    await checkAccess(page);
    await picture(page, 'search-administrator');
  });
});

test('a spreadsheet with a wrong row cannot be imported; a right one is', () =>
  visit('import', async (page) => {
    const choose = async (text: string): Promise<void> =>
      page.setInputFiles('input[type=file]', {
        name: 'evidence.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(text),
      });
    await choose(`${CSV}R-2,soon,,other.mp4,\r\n`);
    await page.getByText('1 row of 2 cannot be imported.').waitFor();
    await page.getByText('"soon" is not a date').waitFor();
    const button = page.getByRole('button', { name: 'Import', exact: true });
    expect(await button.isDisabled()).toBe(true);
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'import-wrong');
    await page.getByRole('button', { name: 'Choose another file' }).click();
    await choose(CSV);
    await page.getByText('2 new requests and 2 recordings would be entered.').waitFor();
    await page.getByLabel('Weather').waitFor();
    await page.getByLabel('Resident').selectOption('public');
    await picture(page, 'import');
    await button.click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toBe('/imports');
    expect(desk.posts[0]!.body).toMatchObject({
      text: CSV,
      requester_kind: 'public',
      requester_kinds: { Resident: 'public' },
    });
  }));

test('a note mentions a colleague, and a task is done', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByText('The requester narrowed it').waitFor();
    await page.getByLabel('Add a note').fill('Who has the radio log?');
    await page.getByRole('checkbox', { name: 'Ben Holm' }).check();
    await checkAccess(page);
    await picture(page, 'thread');
    await page.getByRole('button', { name: 'Add note' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `/requests/${ID.request}/notes`,
      body: { text: 'Who has the radio log?', mentions: ['f'.repeat(32)] },
    });
    await page.getByRole('checkbox', { name: 'Ask the precinct' }).check();
    await expect.poll(() => desk.posts.length).toBe(2);
    expect(desk.posts[1]!.body).toMatchObject({ due_on: '2026-03-01', done: true });
  }));

test('filters and columns are saved as a view, and a view is opened', () =>
  visit('queue', async (page) => {
    await page.getByRole('link', { name: 'PR-2026-0141' }).waitFor();
    await page.getByLabel('Saved view').selectOption({ label: 'Overdue' });
    await expect.poll(() => page.getByRole('link', { name: /^(PR|CT)-/ }).count()).toBe(2);
    expect(page.url()).toContain('due=overdue');
    await page.getByRole('button', { name: 'Columns and view…' }).click();
    await page.getByRole('checkbox', { name: 'Case number' }).check();
    await checkAccess(page);
    await page.getByLabel('Save filters and columns as').fill('Late cases');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByRole('columnheader', { name: 'Case number' }).waitFor();
    await page.getByText('26-004417').waitFor();
    expect(desk.posts[0]!.body).toMatchObject({ name: 'Late cases', shared: false });
    await picture(page, 'queue-columns');
  }));

test('a template fills a new request', () =>
  visit('queue', async (page) => {
    await page.getByRole('button', { name: 'New request' }).first().click();
    await page.getByLabel('Template', { exact: true }).selectOption({ label: 'Court order' });
    await expect
      .poll(() => page.getByLabel('Requester', { exact: true }).inputValue())
      .toBe('court');
    expect(await page.getByLabel('Written basis of the release').inputValue()).toBe('Court order');
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'request-form-details');
  }));

test('what is new in the inbox stays marked while the page is open', () =>
  visit('inbox', async (page) => {
    await page.getByText('You are mentioned (1)').waitFor();
    await page.getByText('Ask the precinct for the second camera').waitFor();
    await expect.poll(() => desk.posts.map((post) => post.path)).toContain('/inbox/seen');
    expect(await page.getByText('New', { exact: true }).count()).toBe(2);
    await checkAccess(page);
    await picture(page, 'inbox-new');
  }));

test('a setting is saved, and one of the command line says so', async () => {
  desk.role = 'administrator';
  await visit('settings', async (page) => {
    await page.getByText('The desk was started with').waitFor();
    await page.getByLabel('Default law').selectOption({ label: 'Federal FOIA' });
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({ path: '/settings', body: { name: 'law', value: 'us-foia' } });
    await checkAccess(page);
    await picture(page, 'settings-saved');
  });
});

test('an approver sees what a version of a policy changes, and activates it', async () => {
  desk.role = 'approver';
  await visit('policies', async (page) => {
    await page.getByText('Awaiting second person').waitFor();
    await page.getByRole('button', { name: 'Show changes' }).click();
    await page.getByText('+ effect = { kind = "fill" }').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'policy-versions');
    await page.getByRole('button', { name: 'Activate…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Every review that is created from now on').waitFor();
    await checkAccess(page);
    await picture(page, 'policy-activation');
    await dialog.getByRole('button', { name: 'Activate' }).click();
    expect(desk.posts, 'nothing without the password').toEqual([]);
    await dialog.getByLabel('Your password').fill('seven grey herons wade');
    await dialog.getByRole('button', { name: 'Activate' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toMatch(/^\/policy-versions\/\w+\/confirm$/);
    expect(desk.posts[0]!.body).toEqual({ password: 'seven grey herons wade' });
  });
});
