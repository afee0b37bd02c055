// The session of the signed-in user.
import { call, get, onSignedOut } from '../api/client';
import type { Me, Role, State } from '../api/types';
import { removeAll } from './storage';

/** Prefix of unsaved reviews in this browser's storage. */
export const DRAFTS = 'redact.draft.';

interface SessionState {
  phase: 'loading' | 'signed_out' | 'signed_in' | 'expired' | 'unreachable';
  me: Me | null;
  state: State | null;
}

export const session = $state<SessionState>({ phase: 'loading', me: null, state: null });

onSignedOut(() => {
  // The page stays open behind the sign-in dialog.
  if (session.phase === 'signed_in') session.phase = 'expired';
});

export async function loadSession(): Promise<void> {
  try {
    session.state = await get<State>('/state');
    if (session.state.signed_in) enter(await get<Me>('/me'));
    else session.phase = 'signed_out';
  } catch {
    session.phase = 'unreachable';
  }
}

export function enter(me: Me): void {
  const other = session.me !== null && session.me.id !== me.id;
  session.me = me;
  session.phase = 'signed_in';
  if (other) location.reload(); // Nothing of the previous user may stay on the screen.
}

export async function leave(): Promise<void> {
  await call<void>('DELETE', '/session').catch(() => undefined);
  removeAll(DRAFTS);
  location.hash = '#/';
  location.reload();
}

export function may(...roles: Role[]): boolean {
  return session.me !== null && roles.includes(session.me.role);
}
