// Letters and access as people read them.
import { expect, test } from 'vitest';
import { shownText } from '../../src/lib/access';
import { changeText } from '../../src/lib/history';
import { sendEffect } from '../../src/lib/papers';
import { access } from '../browser/paper-samples';

test('the history names letters, not their keys', () => {
  const change = { field: 'letter', from: '', to: 'no-records' };
  expect(changeText(change)).toBe('Letter: none → No responsive records');
  const digest = { field: 'letter_sha256', from: '', to: 'ab'.repeat(32) };
  expect(changeText(digest)).toBe('SHA-256 of the PDF: none → abababababababab…');
});

test('only letters that belong to a deadline change one', () => {
  expect(sendEffect('acknowledgement')).toContain('acknowledgment');
  expect(sendEffect('extension')).toContain('due date moves');
  expect(sendEffect('denial')).toBeNull();
});

test('an access says what was shown, and which file', () => {
  const [downloaded, viewed] = access().entries;
  expect(shownText(downloaded!)).toBe('release');
  expect(shownText(viewed!)).toBe('3 pictures, video played, 120 frames');
});
