// The filters of the queue, their address, their counts, and the spreadsheet.
import { describe, expect, test } from 'vitest';
import type { Request } from '../../src/api/types';
import { csvCell } from '../../src/lib/csv';
import { notARecording } from '../../src/lib/recordings';
import {
  counts,
  filtered,
  progressOf,
  queueCsv,
  readFilter,
  stageOf,
  START,
  writeFilter,
} from '../../src/lib/queue';
import { requests } from '../browser/sample';

const list = requests();
const numbers = (found: Request[]): string[] => found.map((request) => request.number);

test('a practice request is listed, and counts nowhere', () => {
  const practice = { ...list[0]!, number: 'Practice: Ada Okafor', practice: true };
  const all = [...list, practice];
  expect(numbers(filtered(all, START, null))).toContain(practice.number);
  expect(counts(all, START, null)).toEqual(counts(list, START, null));
  expect(queueCsv(all)).toBe(queueCsv(list));
});

describe('the filter', () => {
  test('is the same after a way through the address', () => {
    const filter = { ...START, search: 'main street', due: 'overdue' as const, page: 3 };
    expect(readFilter(writeFilter(filter))).toEqual(filter);
    expect(writeFilter(START)).toEqual({});
  });

  test('ignores what it does not know', () => {
    expect(readFilter({ stage: 'nonsense', sort: 'x', page: '-1', due: 'y' })).toEqual(START);
  });

  test('chooses by state, person and due date', () => {
    const open = filtered(list, START, null);
    expect(numbers(open)).toHaveLength(8);
    expect(numbers(filtered(list, { ...START, due: 'overdue' }, null))).toEqual([
      'PR-2026-0141',
      'PR-2026-0101',
    ]);
    expect(numbers(filtered(list, { ...START, due: 'soon' }, null))).toEqual([
      'PR-2026-0144',
      'PR-2026-0150',
    ]);
    expect(numbers(filtered(list, { ...START, whose: 'nobody' }, null))).toEqual(['PR-2026-0150']);
    const ready = filtered(list, { ...START, stage: 'ready' }, null);
    expect(numbers(ready)).toEqual(['CT-2026-0077']);
  });

  test('counts what each choice would show', () => {
    const found = counts(list, START, null);
    expect(found.open).toBe(8);
    expect(found.soon).toBe(2);
    expect(found.stages.ready).toBe(1);
    expect(counts(list, { ...START, whose: 'nobody' }, null).open).toBe(1);
  });
});

test('a request with some recordings out says how many', () => {
  const ready = list.find((request) => request.stage === 'ready');
  expect(ready && progressOf(ready)).toBe('1 of 3 handed over');
  const closed: Request = { ...list[0]!, stage: 'closed', disposition: 'partly_denied' };
  expect(stageOf(closed)).toBe('Closed: denied in part');
});

test('a spreadsheet computes nothing of what people typed', () => {
  expect(csvCell('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
  expect(csvCell(-3)).toBe('"-3"');
  // Programs that end cells at other characters find no formula either.
  expect(csvCell('Daily News;=1+1')).toBe('"Daily News;\'=1+1"');
  expect(csvCell('a; @SUM(A1)')).toBe('"a; \'@SUM(A1)"');
  expect(csvCell('b-c, a@example.org')).toBe('"b-c, a@example.org"');
  const lines = queueCsv(list).trim().split('\r\n');
  expect(lines).toHaveLength(list.length + 1);
  expect(lines[1]).toContain('"Herald Tribune"');
});

test('what cannot be a recording is said before it is sent', () => {
  expect(notARecording({ name: 'clip.mp4', size: 0 })).toContain('empty');
  expect(notARecording({ name: 'Evidence.ZIP', size: 5 })).toContain('Unpack it');
  expect(notARecording({ name: 'report.pdf', size: 5 })).toContain('a document');
  expect(notARecording({ name: 'clip.avi', size: 5 })).toBeNull();
  expect(notARecording({ name: 'camera-2', size: 5 })).toBeNull();
});
