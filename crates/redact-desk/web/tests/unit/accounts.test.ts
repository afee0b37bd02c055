import { expect, test } from 'vitest';
import { pendingText, personText } from '../../src/lib/accounts';
import { problemText } from '../../src/lib/provider';
import { people, users } from '../browser/sample';

test('a person who is absent is shown with the stand-in', () => {
  const [ada, ben] = people();
  expect(personText(ada!)).toBe('Ada Okafor');
  const absence = {
    user: ben!.id,
    name: ben!.name,
    stand_in: ada!.id,
    stand_in_name: ada!.name,
    from: '2026-03-01',
    until: '2026-03-05',
  };
  expect(personText({ ...ben!, absence })).toBe(
    'Ben Holm (absent until Mar 5, 2026; Ada Okafor stands in)',
  );
});

test('what waits for a second administrator is a sentence', () => {
  const dee = users().find((user) => user.pending !== null)!;
  expect(pendingText(dee, dee.pending!)).toBe('Egon Vance invited Dee Park as auditor.');
  const link = { ...dee.pending!, action: 'link' as const };
  expect(pendingText({ ...dee, provider_account: 'dee.park' }, link)).toContain('dee.park');
});

test('every reason of a failed sign-in has a text, also an unknown one', () => {
  expect(problemText('provider_down', 'City account')).toContain('City account');
  expect(problemText('nonsense', 'City account')).toBe('The sign-in failed. Try again.');
});
