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

// Goal: what an office does is in its own words. Control: an action that no desk writes, which
// falls back to its kind.
test.each([
  ['request', 'sealing-entered', 'Court order entered'],
  ['request', 'sealing-lifted', 'Court order lifted'],
  ['request', 'hold-placed', 'Legal hold placed'],
  ['intake', 'disposal-proposed', 'Disposal proposed'],
  ['intake', 'disposed', 'Recording disposed of'],
  ['request', 'note-added', 'Note added'],
  ['request', 'task-added', 'Task added'],
  ['request', 'imported', 'Requests imported from a spreadsheet'],
  ['account', 'setting-changed', 'Setting of the agency changed'],
  ['decision', 'policy-proposed', 'Version of a policy proposed'],
  ['request', 'letter-made', 'Letter made'],
  ['request', 'payment-recorded', 'Payment recorded'],
  ['export', 'backup', 'Backup made'],
  ['request', 'unheard-of', 'Request'],
])('%s %s has a title', (what, action, title) => {
  expect(eventTitle({ ...list[0]!, what, details: { action } })).toBe(title);
});

// Goal: details are words, not the log's spelling, and how the program was confined is left out.
test('details are in words', () => {
  const details = {
    action: 'task-changed',
    landlock: 7,
    'task-changed': 'yes',
    'counted-from-from': '2026-01-01',
    'category-from': 'arrest',
  };
  const entry = { ...list[0]!, changes: [], subjects: {}, details };
  expect(eventDetails(entry).map((one) => `${one.name}: ${one.text}`)).toEqual([
    'task: changed',
    'counted from, before: 2026-01-01',
    'category, before: arrest',
  ]);
  const changes = [{ field: 'task', from: 'a', to: 'b' }];
  expect(eventDetails({ ...entry, changes }).map((one) => one.name)).not.toContain('task');
});
