// What the page says about packages: which releases can be chosen, and what a profile contains.
import { expect, test } from 'vitest';
import { contents, listed, outdated, randomPassphrase, whyNot } from '../../src/lib/packages';
import { packages, profiles, release } from '../browser/sample';

test('a release that was replaced or failed its check cannot be chosen', () => {
  expect(whyNot(release())).toBeNull();
  expect(whyNot({ ...release(), replaced_by: 'x' })).toBe('replaced by a newer release');
  expect(whyNot({ ...release(), state: 'wrong' })).toBe('failed its verification');
  expect(whyNot({ ...release(), state: 'verifying' })).toBe('not verified yet');
});

test('an operator reads what is in a package before it is made', () => {
  const [court, press, prosecutor] = profiles();
  const lines = contents(prosecutor!).join('\n');
  expect(lines).toContain('sealed manifests');
  expect(lines).toContain('findings');
  expect(lines).toContain('Names the request number, the requester and the file names');
  expect(contents(press!).join('\n')).not.toContain('sealed');
  expect(contents(court!).join('\n')).toContain('more than 500 MB are cut into parts');
});

test('a package with a replaced release is outdated', () => {
  const [, handedOver] = packages();
  expect(outdated(handedOver!)).toEqual([
    'Exhibit 2 (unit-14-side-street.mp4) was replaced by a newer release.',
  ]);
  expect(outdated({ ...handedOver!, exhibits: handedOver!.exhibits.slice(0, 1) })).toEqual([]);
});

test('suggested passphrases are long, legible and different', () => {
  const all = new Set(Array.from({ length: 50 }, randomPassphrase));
  expect(all.size).toBe(50);
  for (const phrase of all) expect(phrase).toMatch(/^([a-hjkmnp-z2-9]{4}-){4}[a-hjkmnp-z2-9]{4}$/);
});

test('names are listed as people write them', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
