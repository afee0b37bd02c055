// Entries of the event log as people read them.
import { expect, test } from 'vitest';
import { eventChanges, eventDetails, eventTitle } from '../../src/lib/events';
import { events, ID } from '../browser/sample';

const list = events();

test('an entry says what happened in words', () => {
  expect(list.map(eventTitle)).toEqual([
    'Request changed',
    'Recording added',
    'Account changed',
    'Sign-in refused: wrong login, password or code',
    'Signed in',
  ]);
});

test('an entry has names in place of ids, and old and new values', () => {
  const changed = list[0]!;
  expect(eventDetails(changed)).toEqual([
    { name: 'request', text: 'PR-2026-0141', id: ID.request },
  ]);
  expect(eventChanges(changed)).toEqual(['Due on: Feb 26, 2026 → Feb 28, 2026']);
  const role = eventDetails(list[2]!).map((detail) => `${detail.name}: ${detail.text}`);
  expect(role).toEqual([
    'account: Ada Okafor (ada)',
    'role before: Operator',
    'role after: Approver',
  ]);
  const unknown = { ...changed, names: {} };
  expect(eventDetails(unknown)[0]!.text).toMatch(/^[0-9a-f]{8}…$/);
});
