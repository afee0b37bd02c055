// The access report and the review of unusual access.
import { expect, test } from 'vitest';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

const { desk, visit } = inMemory('auditor');

test('the access report is filtered and exported', () =>
  visit('access', async (page) => {
    await page.getByText('session open').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'access-report');
    await page.getByRole('button', { name: 'unit-12-main-street.mp4' }).click();
    await page.getByText('Only unit-12-main-street.mp4').waitFor();
    expect(page.url()).toContain(`recording=${ID.recording}`);
    await page.getByRole('searchbox', { name: 'Person' }).fill('ben');
    const csv = page.getByRole('link', { name: 'Export CSV' });
    const expected = `/api/access/csv?person=ben&recording=${ID.recording}`;
    await expect.poll(() => csv.getAttribute('href')).toBe(expected);
    await page.getByRole('button', { name: 'Export signed PDF' }).click();
    const pdf = page.getByRole('link', { name: 'Download PDF' });
    expect(await pdf.getAttribute('href')).toBe(`/api/exports/${'9'.repeat(32)}/pdf`);
    expect(desk.posts).toEqual([
      { path: '/access/pdf', body: { person: 'ben', recording: ID.recording } },
    ]);
    await checkAccess(page);
  }));

test('unusual access gets a finding and an outcome', () =>
  visit('misuse', async (page) => {
    await page.getByRole('heading', { name: 'Not reviewed (1)' }).waitFor();
    await page.getByText('Stood in for Ben Holm').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await picture(page, 'misuse');
    await page.getByRole('button', { name: /^Review… At night, Ben Holm/ }).click();
    await page.getByRole('button', { name: 'Save finding' }).click();
    expect(desk.posts, 'an outcome and a finding are needed').toEqual([]);
    await page.getByRole('radio', { name: /^Justified/ }).check();
    await page.getByLabel('Finding').fill('On call that night.');
    await checkAccess(page);
    await picture(page, 'misuse-finding');
    await page.getByRole('button', { name: 'Save finding' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `/misuse/${'3'.repeat(32)}/review`,
      body: { outcome: 'justified', finding: 'On call that night.' },
    });
  }));

for (const [at, ready] of [
  ['access', 'session open'],
  ['misuse', 'A flag is a reason to ask'],
] as const) {
  test(`${at} fits into 800 px and is legible in the dark`, () =>
    visit(
      at,
      async (page) => {
        await page.getByText(ready).waitFor();
        await checkAccess(page);
        await checkWidth(page);
        await picture(page, `${at}-dark`);
      },
      { size: { width: 800, height: 900 }, theme: 'dark' },
    ));
}

test('an operator has no access report', async () => {
  desk.role = 'operator';
  await visit('access', async (page) => {
    await page.getByText('Page not found').waitFor();
  });
});
