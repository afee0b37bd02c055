// Letters and invoices of a request: previewed, made, sent, paid.
import { expect, test } from 'vitest';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

const REQUEST = `/requests/${ID.request}`;

const { desk, visit } = inMemory('operator');

test('a letter is read before it is made', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByRole('button', { name: 'New letter…' }).click();
    await page.getByLabel('Letter', { exact: true }).selectOption('extension');
    await page.getByLabel('Reason').fill('Two agencies are consulted');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('We need more time').waitFor();
    await page.getByText('The letterhead has no address').waitFor();
    await checkAccess(page);
    const name = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(name).toBe('Preview');
    await picture(page, 'letter-preview');
    // Another text has to be read again.
    await page.getByLabel('Additional text').fill('One more sentence.');
    await page.getByText('We need more time').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Make the letter' }).click();
    await page.getByText('Letter made.').waitFor();
    expect(desk.posts.map((post) => post.path)).toEqual([
      `${REQUEST}/letters/preview`,
      `${REQUEST}/letters/preview`,
      `${REQUEST}/letters`,
    ]);
    expect(desk.posts[2]!.body).toEqual({
      kind: 'extension',
      text: 'One more sentence.',
      extension: { days: 10, unit: 'working_days', reason: 'Two agencies are consulted' },
    });
  }));

test('a letter is recorded as sent, with what follows from it', () =>
  visit(`request/${ID.request}`, async (page) => {
    const heading = page.getByRole('heading', { name: 'Letters' });
    await heading.scrollIntoViewIfNeeded();
    await page.getByText('Sent Feb 10, 2026 to Herald Tribune, email').waitFor();
    await picture(page, 'request-letters');
    await page.getByRole('button', { name: /^Record as sent… Extension of time/ }).click();
    await page.getByText('The due date moves by the extension').waitFor();
    await page.getByLabel('Sent on').fill('2026-03-02');
    await page.getByLabel('Recipient').fill('Herald Tribune');
    await checkAccess(page);
    await picture(page, 'letter-send');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.body).toEqual({
      to: 'Herald Tribune',
      means: 'email',
      on: '2026-03-02',
      note: '',
    });
  }));

test('an invoice is corrected and paid', () =>
  visit(`request/${ID.request}`, async (page) => {
    await page.getByRole('heading', { name: 'Invoices' }).scrollIntoViewIfNeeded();
    await page.getByText('$30.00 due').waitFor();
    await page.getByText('Corrected by INV-2026-0002').waitFor();
    await page.locator('summary', { hasText: 'Lines' }).first().click();
    await page.getByText('-$8.00').waitFor();
    await picture(page, 'request-invoices');
    await page.getByRole('button', { name: 'Record payment…' }).click();
    expect(await page.getByLabel('Dollars').inputValue()).toBe('30.00');
    await page.getByLabel('Paid on').fill('2026-03-01');
    await checkAccess(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `${REQUEST}/invoices/${'8'.repeat(32)}/payments`,
      body: { paid_on: '2026-03-01', amount: '30.00', note: '' },
    });
    await page.getByRole('button', { name: 'Correct…' }).click();
    await page.getByLabel('Why it is corrected').fill('Wrong rate');
    await page.getByLabel('Reduce the fee').check();
    await page.getByLabel('Dollars to take off').fill('5');
    await page.getByLabel('Reason for the reduction').fill('Settlement');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('45 % above the estimate.').waitFor();
    await checkAccess(page);
    await picture(page, 'invoice-preview');
    await page.getByRole('button', { name: 'Make the invoice' }).click();
    await expect.poll(() => desk.posts.length).toBe(3);
    expect(desk.posts[2]!.body).toEqual({
      basis: 'time',
      text: '',
      corrects: { invoice: '8'.repeat(32), why: 'Wrong rate' },
      reduction: { amount: '5', reason: 'Settlement' },
    });
  }));

for (const theme of ['light', 'dark'] as const) {
  test(`letters and invoices fit into 800 px, ${theme}`, () =>
    visit(
      `request/${ID.request}`,
      async (page) => {
        await page.getByText('$30.00 due').waitFor();
        await checkAccess(page);
        await checkWidth(page);
        await page.getByRole('heading', { name: 'Letters' }).scrollIntoViewIfNeeded();
        await picture(page, `request-papers-${theme}`);
      },
      { size: { width: 800, height: 900 }, theme },
    ));
}

test('an auditor reads letters and makes none', async () => {
  desk.role = 'auditor';
  await visit(`request/${ID.request}`, async (page) => {
    await page.getByText('Sent Feb 10, 2026').waitFor();
    const pdf = page.getByRole('link', { name: /^PDF of Acknowledgment/ });
    expect(await pdf.getAttribute('href')).toBe(`/api${REQUEST}/letters/${'7'.repeat(32)}/pdf`);
    expect(await page.getByRole('button', { name: 'New letter…' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Record payment…' }).count()).toBe(0);
  });
});
