// The text of spreadsheets, and the fields of case and evidence systems.
import { expect, test } from 'vitest';
import { knownDetails, noRequestDetails, requestFields, textOf } from '../../src/lib/details';

const bytesOf = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

test('a spreadsheet is read in the encoding that it has', () => {
  expect(textOf(new TextEncoder().encode('José').buffer)).toBe('José');
  expect(textOf(bytesOf(0x4a, 0x6f, 0x73, 0xe9))).toBe('José');
  expect(textOf(bytesOf(0xff, 0xfe, 0x41, 0, 0xe9, 0))).toBe('Aé');
  expect(textOf(bytesOf(0xfe, 0xff, 0, 0x41))).toBe('A');
  expect(textOf(bytesOf(0xef, 0xbb, 0xbf, 0x41))).toBe('A');
});

test('only what is known is shown, in the order of the form', () => {
  const details = { ...noRequestDetails(), officer: 'A. Reyes', case_number: '26-77' };
  expect(knownDetails(requestFields, details).map(({ title }) => title)).toEqual([
    'Case number',
    'Officer',
  ]);
  // The policy has a field of its own; everything else must be on the form.
  expect(requestFields).toHaveLength(Object.keys(details).length - 1);
});
