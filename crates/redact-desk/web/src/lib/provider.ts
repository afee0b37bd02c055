// Sign-in through the agency's identity provider.
import { post } from '../api/client';
import type { ProviderSignIn } from '../api/types';

/** Leads the browser to the provider, which sends it back. */
export async function goToProvider(): Promise<void> {
  const { url } = await post<ProviderSignIn>('/session/provider');
  location.assign(url);
}

/** Why a sign-in through the provider failed, by the code in the address. */
export function problemText(code: string, provider: string): string {
  switch (code) {
    case 'provider_not_linked':
      return `Your ${provider} is not connected with an account of this desk. Ask an administrator to connect it.`;
    case 'provider_no_group':
      return `Your ${provider} is in no group that may use this desk. Ask the person who manages the groups.`;
    case 'provider_not_created':
      return 'An account with your name or login exists already. Ask an administrator to connect it.';
    case 'provider_closed':
      return 'Your account is deactivated. Ask an administrator.';
    case 'provider_denied':
      return `${provider} did not sign you in.`;
    case 'provider_state':
      return 'The sign-in was not begun in this browser, or took longer than 10 minutes. Begin again.';
    case 'provider_answer':
      return `The answer of ${provider} was not accepted. Try again. If it happens again, ask your system administrator: the log says why.`;
    case 'provider_down':
      return `${provider} does not respond. Sign in with your password, or try again later.`;
    case 'awaiting_administrator':
      return 'A second administrator must confirm your access first.';
    default:
      return 'The sign-in failed. Try again.';
  }
}
