// The filters of the queue and their address.
import { describe, expect, test } from 'vitest';
import type { Request } from '../../src/api/types';
import { notARecording } from '../../src/lib/recordings';
import {
  askOf,
  progressOf,
  readFilter,
  real,
  stageOf,
  START,
  writeFilter,
} from '../../src/lib/queue';
import { requests } from '../browser/sample';

const list = requests();

test('a practice request counts nowhere', () => {
  const practice: Request = { ...list[0]!, number: 'Practice: Ada Okafor', practice: true };
  expect(real([...list, practice])).toEqual(list);
});

describe('the filter', () => {
  test('is the same after a way through the address', () => {
    const filter = {
      ...START,
      search: 'main street',
      due: 'overdue' as const,
      page: 3,
      columns: 'law,case_number',
    };
    expect(readFilter(writeFilter(filter))).toEqual(filter);
    expect(writeFilter(START)).toEqual({});
  });

  test('ignores what it does not know', () => {
    expect(readFilter({ stage: 'nonsense', sort: 'x', page: '-1', due: 'y' })).toEqual(START);
    expect(readFilter({ columns: 'law,password' }).columns).toBe('law');
  });

  test('asks the server for all but the columns', () => {
    const asked = askOf({ ...START, search: ' a ', columns: 'law' });
    expect(asked).toEqual({
      search: 'a',
      stage: 'open',
      whose: 'all',
      due: 'all',
      sort: 'due',
      order: 'asc',
      page: 1,
    });
  });
});

test('a closed request shows how it was decided, and a partly delivered one how far it is', () => {
  const closed: Request = { ...list[0]!, stage: 'closed', disposition: 'partly_denied' };
  expect(stageOf(closed)).toBe('Closed: denied in part');
  const partly = list.find((request) => request.number === 'CT-2026-0077')!;
  expect(progressOf(partly)).toBe('1 of 3 handed over');
  expect(progressOf(list[0]!)).toBe('');
});

test('what cannot be a recording is said before it is sent', () => {
  expect(notARecording({ name: 'clip.mp4', size: 0 })).toContain('empty');
  expect(notARecording({ name: 'Evidence.ZIP', size: 5 })).toContain('Unpack it');
  expect(notARecording({ name: 'report.pdf', size: 5 })).toContain('a document');
  expect(notARecording({ name: 'clip.avi', size: 5 })).toBeNull();
  expect(notARecording({ name: 'camera-2', size: 5 })).toBeNull();
});
