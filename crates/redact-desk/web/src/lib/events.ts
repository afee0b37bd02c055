// Entries of the event log as sentences.
import type { EventEntry } from '../api/types';
import { actionText, changeText, fieldText } from './history';
import { roleText } from './format';

/** What happened, by the kind of act and its action. */
const titles: Record<string, string> = {
  'account.sign-in': 'Signed in',
  'account.sign-out': 'Signed out',
  'account.added': 'Account added',
  'account.enrolled': 'Account set up',
  'account.changed': 'Account changed',
  'account.unlocked': 'Login unlocked',
  'account.renamed': 'User renamed',
  'account.absence': 'Absence entered',
  'account.absence-ended': 'Absence ended',
  'account.mail-chosen': 'Mail chosen',
  'account.invitation-mailed': 'Invitation sent by email',
  'account.provider-linked': 'Connected with the identity provider',
  'account.provider-unlinked': 'Disconnected from the identity provider',
  'account.provider-bound': 'First sign-in through the identity provider',
  'account.passkey-added': 'Passkey added',
  'account.passkey-removed': 'Passkey removed',
  'account.recovery-codes': 'Recovery codes created',
  'account.recovery-code-used': 'Recovery code used',
  'account.second-factor-change': 'Authenticator app changed',
  'account.reset': 'New sign-in link created',
  'account.grant': 'Access granted',
  'account.password-change': 'Password changed',
  'account.approval': 'Password for an approval',
  'account.setting-changed': 'Setting of the agency changed',
  'request.entered': 'Request added',
  'request.imported': 'Requests imported from a spreadsheet',
  'request.expected-removed': 'Expected recording removed from the list',
  'request.note-added': 'Note added',
  'request.template-added': 'Template for requests added',
  'request.template-changed': 'Template for requests changed',
  'request.template-removed': 'Template for requests removed',
  'request.view-added': 'View of the queue saved',
  'request.view-changed': 'View of the queue changed',
  'request.view-removed': 'View of the queue removed',
  'request.watch-began': 'Watch folder of the request opened',
  'request.watch-ended': 'Watch folder of the request closed',
  'request.practice-removed': 'Practice request removed',
  'request.sealing-entered': 'Court order entered',
  'request.sealing-lifted': 'Court order lifted',
  'request.sealing-told': 'Recipient of a copy told of a court order',
  'view.sealed': 'Refused: a court order closes it',
  'intake.disposal-removing': 'Files of a disposal being removed',
  'intake.disposed': 'Recording disposed of',
  'decision.policy-proposed': 'Version of a policy proposed',
  'decision.policy-in-force': 'Version of a policy put into force',
  'decision.policy-refused': 'Version of a policy refused',
  'export.backup': 'Backup made',
  'export.requests': 'List of requests exported',
  'export.disposal-certificate': 'Record of a disposal downloaded',
  'export.disposal-pdf': 'Record of a disposal downloaded as PDF',
  'intake.recording': 'Recording added',
  'decision.begun': 'Review started',
  'decision.saved': 'Review saved',
  'decision.read-options': 'Recording options changed',
  'decision.accept-lost-sound': 'Lost sound accepted',
  'approval.approve': 'Review approved',
  'approval.withdraw': 'Approval withdrawn',
  'approval.comment': 'Comment added',
  'approval.sent-back': 'Review sent back',
  'approval.handed-in': 'Review resubmitted',
  'render.queued': 'Release queued',
  'verify.asked': 'Verification started',
  'verify.recheck': 'Recheck started',
  'export.download': 'File downloaded',
  'export.package-queued': 'Package queued',
  'export.letter-download': 'Letter downloaded',
  'export.invoice-download': 'Invoice downloaded',
  'export.access-report': 'Access report exported',
  'export.access-report-pdf': 'Access report exported as a signed PDF',
  'export.misuse-review': 'List of unusual access exported',
  'export.statistics': 'Statistics exported',
  'export.statistics-pdf': 'Statistics exported as PDF',
  'decision.access-review': 'Unusual access reviewed',
  'export.event-log': 'Event log exported',
  'export.event-log-pdf': 'Event log exported as a signed PDF',
  'delivery.handed-over-reopened': 'Handed over or packaged although its review was reopened',
  'delivery.copy': 'Copy handed over',
  'view.viewed': 'Recording viewed',
  'key.new': 'Signing key created',
};

const acts: Record<string, string> = {
  scan: 'Recording scanned',
  decision: 'Decision',
  approval: 'Approval',
  render: 'Release made',
  verify: 'Release verified',
  export: 'Export',
  delivery: 'Delivery',
  key: 'Key',
  account: 'Account',
  request: 'Request',
  intake: 'Recording',
  view: 'View',
  repair: 'Log repaired',
};

/** Kinds of acts, for the filter. */
export const ACTS: readonly [string, string][] = [
  ['account', 'Accounts and sign-ins'],
  ['request', 'Requests'],
  ['intake', 'Recordings'],
  ['view', 'Viewing'],
  ['decision', 'Reviews'],
  ['approval', 'Approvals'],
  ['render', 'Releases'],
  ['verify', 'Verifications'],
  ['export', 'Downloads and exports'],
  ['delivery', 'Copies handed over'],
  ['key', 'Keys'],
  ['scan', 'Scans'],
  ['repair', 'Repairs of the log'],
];

/** The names of the log's own words. */
const words: Record<string, string> = {
  sealing: 'court order',
  disposal: 'disposal',
  'backups-with-it': 'backups that still have it',
  'excerpt-spans': 'parts of an excerpt',
  'stand-in': 'stands in',
  dated: 'dated',
  people: 'people named',
  mentions: 'people mentioned',
  'counted-from-from': 'counted from, before',
  'counted-from-to': 'counted from',
  about: 'about',
  'approvals-voided': 'approvals no longer valid',
  'role-from': 'role before',
  'role-to': 'role after',
  'state-from': 'account before',
  'state-to': 'account after',
  second: 'second administrator',
};

/** Details that the sentence or the changes say already. */
const QUIET = new Set(['action', 'history', 'session']);

/** Fields of a change: the log names them alone where a person typed the value. */
const CHANGED = /-(from|to|changed)$/;

/** How the program was confined, which the manual explains and no sentence needs. */
const CONFINED = /^(landlock|jail|seccomp)/;

export function eventTitle(entry: EventEntry): string {
  const action = String(entry.details['action'] ?? '');
  const known = titles[`${entry.what}.${action}`];
  if (entry.what === 'account' && entry.outcome === 'refused') {
    if (action === 'passkey-cloned') return 'Passkey refused: there may be a copy of it';
    const what = action === 'sign-in' ? 'Sign-in' : 'Password';
    return entry.details['login'] === 'locked'
      ? `${what} refused: too many attempts`
      : `${what} refused: wrong login, password or code`;
  }
  if (known !== undefined) return known;
  const changed = actionText(action);
  return changed !== action ? changed : (acts[entry.what] ?? entry.what.replaceAll('_', ' '));
}

export interface EventDetail {
  name: string;
  text: string;
  /** The id that it names, to find other entries about it. */
  id: string | null;
}

/** The details with names in place of ids. */
export function eventDetails(entry: EventEntry): EventDetail[] {
  const changed = new Set(entry.changes.map((change) => change.field.replaceAll('_', '-')));
  return Object.entries({ ...entry.subjects, ...entry.details })
    .filter(([name]) => !QUIET.has(name) && !CONFINED.test(name))
    .filter(([name]) => !CHANGED.test(name) || !changed.has(name.replace(CHANGED, '')))
    .map(([name, value]) => {
      const text = String(value);
      const named = entry.names[text];
      const isId = /^[0-9a-f]{32}$/.test(text);
      return {
        name: nameOf(name),
        // An id without a name is of something that this role does not see, or an older desk.
        text:
          named ??
          (name.endsWith('-changed')
            ? 'changed'
            : isId || text.length === 64
              ? `${text.slice(0, 8)}…`
              : plain(name, text)),
        id: isId ? text : null,
      };
    });
}

/** `category, before`, of `category-from`. */
function nameOf(name: string): string {
  const known = words[name];
  if (known !== undefined) return known;
  const field = name.replace(CHANGED, '');
  const text = (
    fieldText(field.replaceAll('-', '_')) ?? field.replaceAll(/[-_]/g, ' ')
  ).toLowerCase();
  return name.length > 5 && name.endsWith('-from') ? `${text}, before` : text;
}

function plain(name: string, text: string): string {
  if (name.startsWith('role')) return roleText[text as keyof typeof roleText] ?? text;
  if (name.startsWith('state')) return text === 'closed' ? 'deactivated' : text;
  return text;
}

export const eventChanges = (entry: EventEntry): string[] => [
  ...entry.changes.map(changeText),
  ...(entry.reason === '' ? [] : [`Reason: ${entry.reason}`]),
];
