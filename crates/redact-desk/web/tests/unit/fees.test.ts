// Amounts and times as people read them.
import { expect, test } from 'vitest';
import type { Fee } from '../../src/api/types';
import { feeParts, minutesText, money } from '../../src/lib/fees';

test('amounts and minutes', () => {
  expect(money('1234567.50')).toBe('$1,234,567.50');
  expect(money('0.05')).toBe('$0.05');
  expect(money('-1500.00')).toBe('-$1,500.00');
  expect(minutesText(45)).toBe('45 min');
  expect(minutesText(60)).toBe('1 h');
  expect(minutesText(125)).toBe('2 h 5 min');
});

test('a fee says what it is made of and which limit holds', () => {
  const fee: Fee = {
    charged_minutes: 150,
    rate: '30.00',
    staff: '75.00',
    recordings: '20.00',
    video: '0.00',
    limited_to: '60.00',
    total: '60.00',
    exempt: false,
  };
  expect(feeParts(fee)).toBe(
    '2 h 30 min at $30.00 an hour, $20.00 for recordings; limited by law to $60.00',
  );
  expect(feeParts({ ...fee, exempt: true })).toBe('This requester pays nothing for redaction.');
});
