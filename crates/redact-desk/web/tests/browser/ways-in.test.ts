// Accounts and ways to sign in: what administrators change, and what people set up for themselves.
import { expect, test } from 'vitest';
import { checkAccess, checkWidth, picture } from './chromium';
import { inMemory } from './in-memory';
import { ID } from './sample';

const { desk, visit } = inMemory('administrator', 'localhost');

test('unlocking asks, and says that it changes nothing else', () =>
  visit('users', async (page) => {
    const row = page.getByRole('row', { name: /Ben Holm/ });
    await row.getByRole('button', { name: 'Unlock…' }).click();
    await page.getByText('No new link is needed').waitFor();
    await checkAccess(page);
    await picture(page, 'users-unlock');
    expect(desk.posts, 'nothing happens before the answer').toEqual([]);
    await page.getByRole('button', { name: 'Unlock', exact: true }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.body).toEqual({ unlock: true });
  }));

test('a person is renamed with a reason', () =>
  visit('users', async (page) => {
    await page.getByText('formerly Ada Obi').waitFor();
    const row = page.getByRole('row', { name: /Ada Okafor/ });
    await row.getByRole('button', { name: 'Rename…' }).click();
    await page.getByText('Records made until now show the present name').waitFor();
    await checkAccess(page);
    await picture(page, 'users-rename');
    await page.getByLabel('New name').fill('Ada Stone');
    await page.getByLabel('Reason').fill('Marriage');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toBe(`/users/${ID.user}/rename`);
    expect(desk.posts[0]!.body).toEqual({ name: 'Ada Stone', reason: 'Marriage' });
  }));

test('access is confirmed and refused after a question', () =>
  visit('users', async (page) => {
    await page.getByRole('button', { name: 'Confirm…' }).click();
    await page.getByText('Confirm only if you know that it is correct').waitFor();
    await checkAccess(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(desk.posts).toEqual([]);
    await page.getByRole('button', { name: 'Refuse…' }).click();
    await page.getByText('The link stops working').waitFor();
    await page.getByRole('button', { name: 'Refuse access' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toMatch(/\/refuse$/);
  }));

test('mail that was not sent is shown to administrators', () =>
  visit('users', async (page) => {
    await page.getByText('1 message not sent yet').waitFor();
    await page.getByText('try again later').waitFor();
    await checkAccess(page);
    await checkWidth(page);
    await page.getByRole('button', { name: 'Send again' }).scrollIntoViewIfNeeded();
    await picture(page, 'users-mail');
    await page.getByRole('button', { name: 'Invite a user' }).click();
    await page.getByLabel('Email address').fill('cleo@city.gov');
    await checkAccess(page);
    await picture(page, 'users-invite');
  }));

test('recovery codes are shown once', async () => {
  desk.role = 'operator';
  await visit('account', async (page) => {
    await page.getByText('8 recovery codes left').waitFor();
    await page.getByRole('button', { name: 'Replace recovery codes…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your password').fill('a password');
    await dialog.getByRole('button', { name: 'No phone? Use a recovery code' }).click();
    await dialog.getByLabel('Recovery code', { exact: true }).fill('abcd-efgh-jkmn-pqrs');
    await checkAccess(page);
    await picture(page, 'recovery-ask');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect.poll(() => page.locator('.codes li').count()).toBe(10);
    await checkAccess(page);
    await picture(page, 'recovery-codes');
    expect(desk.posts[0]!.body).toEqual({ password: 'a password', code: 'abcd-efgh-jkmn-pqrs' });
    await page.getByRole('button', { name: 'I have stored them' }).click();
    await page.getByText('10 recovery codes left').waitFor();
  });
});

test('another authenticator app is confirmed by its code', async () => {
  desk.role = 'operator';
  await visit('account', async (page) => {
    await page.getByRole('button', { name: 'Change authenticator app…' }).click();
    await page.getByLabel('Your password').fill('a password');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Code from your authenticator app').fill('123456');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    await checkAccess(page);
    await picture(page, 'second-factor-change');
    await page.getByLabel('Code from the new app').fill('654321');
    await page.getByRole('button', { name: 'Use the new app' }).click();
    await expect.poll(() => desk.posts.length).toBe(2);
    expect(desk.posts[1]!.body).toEqual({ code: '654321' });
  });
});

test('an absence names who stands in, and mail is chosen', async () => {
  desk.role = 'operator';
  await visit('account', async (page) => {
    await page.getByText('You stand in for').waitFor();
    await page.getByLabel('Who stands in for you').selectOption({ label: 'Ben Holm' });
    await page.getByLabel('First day').fill('2026-03-09');
    await page.getByLabel('Last day').fill('2026-03-13');
    await page.getByRole('button', { name: 'Enter absence' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: '/me/absence',
      body: { stand_in: 'f'.repeat(32), from: '2026-03-09', until: '2026-03-13' },
    });
    const approval = page.getByLabel('a review waits for my approval');
    await expect.poll(() => approval.isChecked()).toBe(true);
    await approval.uncheck();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => desk.posts.length).toBe(2);
    expect(desk.posts[1]!.body).toEqual({ address: 'ada@city.gov', kinds: ['assigned'] });
  });
});

test('the inbox names for whom somebody stands in', async () => {
  desk.role = 'operator';
  await visit('inbox', async (page) => {
    await page.getByText('for Ben Holm').waitFor();
    await checkAccess(page);
  });
});

test('the sign-in page offers what there is, and says why a sign-in failed', async () => {
  desk.role = null;
  desk.provider = 'City account';
  await visit('sign-in?problem=provider_not_linked', async (page) => {
    await page.getByText('Your City account is not connected').waitFor();
    await page.getByRole('button', { name: 'Sign in with City account' }).waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
    await page.getByRole('button', { name: 'No phone? Use a recovery code' }).click();
    await page.getByLabel('Recovery code').waitFor();
    await checkAccess(page);
    await picture(page, 'sign-in-ways');
  });
  desk.provider = null;
});

test('an account is connected with the identity provider', async () => {
  desk.provider = 'City account';
  await visit('users', async (page) => {
    const row = page.getByRole('row', { name: /Ben Holm/ });
    await row.getByRole('button', { name: 'Connect…' }).click();
    await page.getByText('can sign in as Ben Holm').waitFor();
    await checkAccess(page);
    await picture(page, 'users-connect');
    await page.getByLabel('Account name').fill('ben.holm');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]!.path).toMatch(/\/provider$/);
    expect(desk.posts[0]!.body).toEqual({ account: 'ben.holm' });
  });
  desk.provider = null;
});

for (const [name, role] of [
  ['users', 'administrator'],
  ['account', 'operator'],
] as const) {
  for (const theme of ['light', 'dark'] as const) {
    test(`${name} in a narrow window, ${theme}`, async () => {
      desk.role = role;
      await visit(
        name,
        async (page) => {
          await page.getByRole('heading', { name: 'Mail' }).waitFor();
          await page.waitForTimeout(300);
          await checkAccess(page);
          await checkWidth(page);
          await page.setViewportSize({ width: 800, height: 2600 });
          await picture(page, `${name}-narrow-${theme}`);
        },
        { size: { width: 800, height: 600 }, theme },
      );
    });
  }
}

test('an administrator enters the absence of somebody who is ill', () =>
  visit('users', async (page) => {
    const row = page.getByRole('row', { name: /Ada Okafor/ });
    await row.getByRole('button', { name: 'Absence…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Who stands in').selectOption({ label: 'Ben Holm' });
    await dialog.getByLabel('First day').fill('2026-03-02');
    await dialog.getByLabel('Last day').fill('2026-03-06');
    await checkAccess(page);
    await picture(page, 'users-absence');
    await dialog.getByRole('button', { name: 'Enter absence' }).click();
    await expect.poll(() => desk.posts.length).toBe(1);
    expect(desk.posts[0]).toEqual({
      path: `/users/${'e'.repeat(32)}/absence`,
      body: { stand_in: 'f'.repeat(32), from: '2026-03-02', until: '2026-03-06' },
    });
  }));
