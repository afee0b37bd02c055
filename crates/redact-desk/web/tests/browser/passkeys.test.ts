// Passkeys with Chromium's virtual authenticator, against the real desk.
import type { Browser, CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkAccess, launch, picture } from './chromium';
import { Server } from './server';
import { PASSWORD, welcome } from './steps';

let browser: Browser;
const server = new Server();
beforeAll(async () => {
  browser = await launch();
  await server.start();
});
afterAll(async () => {
  await browser.close();
  await server.end();
});

interface StoredCredential {
  credentialId: string;
  isResidentCredential: boolean;
  rpId: string;
  privateKey: string;
  userHandle: string;
  signCount: number;
}

async function credentials(cdp: CDPSession, authenticatorId: string): Promise<StoredCredential[]> {
  const found = (await cdp.send('WebAuthn.getCredentials', { authenticatorId })) as {
    credentials: StoredCredential[];
  };
  return found.credentials;
}

test(
  'a passkey is added, signs in, and a copy of it is refused',
  { timeout: 180_000 },
  async () => {
    // A passkey belongs to a name: 127.0.0.1 has none.
    const link = server.link.replace('127.0.0.1', 'localhost');
    const ruth = await welcome(browser, link, { name: 'Ruth Root', login: 'root' });
    const { page, context } = ruth;
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.getByRole('link', { name: 'Ruth Root' }).click();
    await page.getByRole('button', { name: 'Add a passkey…' }).click();
    await page.getByLabel('Name of the passkey').fill('Office computer');
    await page.getByLabel('Your password').fill('not the password');
    await page
      .getByRole('dialog')
      .getByLabel(/^Code/)
      .fill(await ruth.app.code());
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The password is wrong.').waitFor();
    await page.getByLabel('Your password').fill(PASSWORD);
    await page
      .getByRole('dialog')
      .getByLabel(/^Code/)
      .fill(await ruth.app.code());
    await checkAccess(page);
    await picture(page, 'passkey-add');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Passkey added.').waitFor();
    await page.getByText('not used yet').waitFor();
    await picture(page, 'passkeys');
    const [stored] = await credentials(cdp, authenticatorId);
    expect(stored!.rpId).toBe('localhost');
    expect(stored!.isResidentCredential).toBe(true);

    for (let time = 0; time < 2; time += 1) {
      await page.getByRole('button', { name: 'Sign out' }).first().click();
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await page.getByRole('link', { name: 'Ruth Root' }).waitFor();
    }
    // A copy still counts from when it was made.
    const [used] = await credentials(cdp, authenticatorId);
    expect(used!.signCount).toBeGreaterThan(stored!.signCount);
    await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
    await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: stored! });
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('This passkey was refused: there may be a copy of it.').waitFor();
    await checkAccess(page);
    await picture(page, 'passkey-cloned');

    // Without one on this device, the person can still sign in otherwise.
    await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('No passkey was used').waitFor();
    expect(ruth.complaints).toEqual([]);
    await context.close();
  },
);
