// Debian's Firefox, driven by playwright-core over WebDriver BiDi: no browser of its own is needed.
import { type Browser, firefox } from 'playwright-core';

export const FIREFOX = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';

/** Playwright sends it for every page; Firefox ESR does not know it, and no test depends on it. */
const UNKNOWN_COMMAND = 'emulation.setMediaFeaturesOverride';

type Send = (this: unknown, method: string, parameters: unknown) => Promise<unknown>;

/** The parts of playwright-core behind its API that `launchFirefox` needs. */
interface WithConnection {
  _connection: { toImpl(browser: Browser): { _browserSession: { send: Send } } };
}

export async function launchFirefox(): Promise<Browser> {
  const browser = await firefox.launch({ executablePath: FIREFOX, channel: 'moz-firefox' });
  const { _connection } = browser as unknown as WithConnection;
  const session = Object.getPrototypeOf(_connection.toImpl(browser)._browserSession) as {
    send: Send;
  };
  const { send } = session;
  session.send = function (method, parameters) {
    return method === UNKNOWN_COMMAND ? Promise.resolve({}) : send.call(this, method, parameters);
  };
  return browser;
}
