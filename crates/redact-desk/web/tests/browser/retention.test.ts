// How long recordings stay: the list, holds, court orders and disposals, also with a window at
// 200 % zoom.
import { expect, test } from 'vitest';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

const { desk, place, visit } = inMemory('approver');

test('the list shows what is most urgent first, and its filters are in the address', () =>
  visit('retention', async (page) => {
    await page.getByRole('link', { name: 'dashcam-77.mp4' }).waitFor();
    await checkAccess(page);
    await picture(page, 'retention');
    await page.getByLabel('Show').selectOption('held');
    await page.getByText('1 recording', { exact: true }).waitFor();
    expect(page.url()).toContain('show=held');
    expect(await page.getByRole('link', { name: 'dashcam-77.mp4' }).count()).toBe(0);
  }));

test('a request shows how long each recording stays, and takes holds and orders', () =>
  visit(`request/${ID.request}`, async (page) => {
    const section = page.getByRole('region', { name: 'Retention' });
    await section.getByText('Legal hold: Doe v. City, 26-2-0117').waitFor();
    await section.scrollIntoViewIfNeeded();
    await checkAccess(page);
    await picture(page, 'retention-of-request');
    await section.getByRole('button', { name: 'Place legal hold…', exact: true }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Matter').fill('State v. Roe');
    await dialog.getByLabel('Asked for by').fill('Prosecutor');
    await dialog.getByLabel('Reason').fill('Charges were filed.');
    await checkAccess(page);
    await picture(page, 'retention-hold');
    await dialog.getByRole('button', { name: 'Place hold' }).click();
    await page.getByText('Hold placed.').waitFor();
    expect(desk.posts[0]).toEqual({
      path: '/holds',
      body: {
        recording: '2'.repeat(32),
        matter: 'State v. Roe',
        authority: 'Prosecutor',
        reason: 'Charges were filed.',
      },
    });
    await section.getByRole('button', { name: 'Court order…' }).first().click();
    await dialog.getByLabel('Ben Holm').check();
    await dialog.getByText('Only a later court order').waitFor();
    await dialog.getByLabel('Your password').waitFor();
    await checkAccess(page);
    await picture(page, 'retention-order');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await section.getByRole('button', { name: 'Set category…' }).click();
    await checkAccess(page);
    await picture(page, 'retention-category');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await section.getByRole('button', { name: 'Dispose of…' }).nth(1).click();
    await checkAccess(page);
    await picture(page, 'retention-dispose');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await section.getByRole('button', { name: 'Dispose of…' }).nth(3).click();
    await dialog.getByText('It cannot be disposed of yet').waitFor();
    expect(await dialog.getByLabel('Reason').count()).toBe(0);
    await checkAccess(page);
    await picture(page, 'retention-dispose-obstacles');
  }));

test('an order lists who has copies, and who was notified', () =>
  visit('orders', async (page) => {
    await page.getByRole('heading', { name: /Superior Court/ }).waitFor();
    await checkAccess(page);
    await picture(page, 'retention-orders');
    await page.getByRole('button', { name: 'Record notice to The Daily Example' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.body).toEqual({ copy: '9'.repeat(32) });
  }));

test('a second person confirms a disposal with the password; its record lists what is gone', () =>
  visit(`disposals/${'7'.repeat(32)}`, async (page) => {
    await page.getByRole('button', { name: 'Confirm…' }).click();
    await page.getByLabel('Your password').fill('correct horse battery');
    await checkAccess(page);
    await picture(page, 'disposal-confirm');
    await page.getByRole('button', { name: 'Dispose of it' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toBe(`/disposals/${'7'.repeat(32)}/confirm`);
    await page.goto(place(`disposals/${'8'.repeat(32)}`));
    await page.getByText('/mnt/backups/2026-03-15').waitFor();
    expect(await page.getByRole('button', { name: 'Confirm…' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Record (PDF)' }).click();
    const pdf = page.getByRole('link', { name: 'Download PDF' });
    expect(await pdf.getAttribute('href')).toBe(`/api/exports/${'9'.repeat(32)}/pdf`);
    await checkAccess(page);
    await picture(page, 'disposal');
    await page.goto(place(`disposals`));
    await page.getByRole('link', { name: 'bodycam-0231.mp4' }).first().waitFor();
    await checkAccess(page);
    await picture(page, 'disposals');
  }));

test('all of it fits a window of 800 pixels and one at 200 % zoom', async () => {
  const places = [
    'retention',
    `request/${ID.request}`,
    'orders',
    'disposals',
    `disposals/${'8'.repeat(32)}`,
  ];
  for (const width of [800, 683]) {
    for (const place of places) {
      await visit(
        place,
        async (page) => {
          await page.getByRole('heading', { level: 1 }).waitFor();
          await page.waitForTimeout(150);
          await checkWidth(page);
        },
        { size: { width, height: 600 } },
      );
    }
  }
});
