// Accounts and their changes in words.
import type { Pending, Person, Role, User } from '../api/types';
import { dayText, roleText } from './format';

/** A change of an account that waits for the administrator's own answer. */
export type AskedChange =
  | {
      what: 'reset' | 'deactivate' | 'reactivate' | 'unlock' | 'confirm' | 'refuse' | 'withdraw';
      user: User;
    }
  | { what: 'role'; user: User; role: Role };

/** What a role may do. */
export const roleAbout: Record<Role, string> = {
  operator: 'Reviews, renders and hands over. Approves as one of two people.',
  approver: 'Does everything that an operator does, and approves.',
  auditor: 'Sees releases, verification results and the event log, but no recordings.',
  administrator: 'Manages accounts. Sees no requests and no recordings.',
};

/** A change that waits for a second administrator. */
export function pendingText(user: User, pending: Pending): string {
  const role = roleText[pending.role].toLowerCase();
  switch (pending.action) {
    case 'invite':
      return `${pending.by} invited ${user.name} as ${role}.`;
    case 'reset':
      return `${pending.by} created a new link for ${user.name} (${role}).`;
    case 'link':
      return `${pending.by} connected ${user.name} (${role}) with ${user.provider_account ?? 'an account of the identity provider'}.`;
    default:
      return `${pending.by} wants to give ${user.name} access as ${role}.`;
  }
}

/** A person to assign something to, with an absence. */
export const personText = ({ name, absence }: Person): string =>
  absence === null
    ? name
    : `${name} (absent until ${dayText(absence.until)}; ${absence.stand_in_name} stands in)`;
