// A month in a records office, as data: twelve requests under five laws, with what was worked out
// by hand for each from the words of its statute (`laws/*.toml`). March 2026, Central Time: no
// holiday of these laws falls into it but March 31 (California), which changes no date here.
import type { Disposition, RequesterKind } from '../../src/api/types';

export interface MonthRequest {
  number: string;
  law: string;
  kind: RequesterKind;
  received: string;
  /** Worked out by hand. */
  due: string;
  why: string;
  /** Closed: on which day, and how; not: open at the end of the month. */
  closed?: { on: string; disposition: Disposition; reason?: string };
}

export const REQUESTS: MonthRequest[] = [
  {
    number: 'M-01',
    law: 'us-federal',
    kind: 'press',
    received: '2026-03-02',
    due: '2026-04-13',
    why: 'twenty working days from March 3 end on March 30; ten more by notice end on April 13',
  },
  {
    number: 'M-02',
    law: 'us-mn',
    kind: 'data_subject',
    received: '2026-03-02',
    due: '2026-03-16',
    why: 'ten days without Saturdays and Sundays: March 3 to 6, 9 to 13, 16',
    closed: { on: '2026-03-13', disposition: 'granted' },
  },
  {
    number: 'M-03',
    law: 'us-ca',
    kind: 'public',
    received: '2026-03-02',
    due: '2026-03-12',
    why: 'ten calendar days',
    closed: { on: '2026-03-12', disposition: 'no_records', reason: 'No recording of that day.' },
  },
  {
    number: 'M-04',
    law: 'us-wa',
    kind: 'public',
    received: '2026-03-03',
    due: '2026-03-10',
    why: 'five business days: March 4 to 6, 9, 10',
    closed: { on: '2026-03-11', disposition: 'partly_denied', reason: 'Faces of bystanders.' },
  },
  {
    number: 'M-05',
    law: 'us-oh',
    kind: 'public',
    received: '2026-03-04',
    due: '2026-03-18',
    why: 'no number of days in the Act; the target of ten working days: March 5, 6, 9 to 13, 16 to 18',
    closed: { on: '2026-03-17', disposition: 'granted' },
  },
  {
    number: 'M-06',
    law: 'us-mn',
    kind: 'public',
    received: '2026-03-05',
    due: '2026-03-19',
    why: 'no number of days for the public; the target: March 6, 9 to 13, 16 to 19',
    closed: { on: '2026-03-06', disposition: 'withdrawn', reason: 'The requester called.' },
  },
  {
    number: 'M-07',
    law: 'us-federal',
    kind: 'public',
    received: '2026-03-09',
    due: '2026-04-14',
    why: 'twenty working days end on April 6; the six from March 12 to the answer on 19 do not count',
  },
  {
    number: 'M-08',
    law: 'us-ca',
    kind: 'data_subject',
    received: '2026-03-10',
    due: '2026-03-20',
    why: 'ten calendar days',
    closed: { on: '2026-03-20', disposition: 'denied', reason: 'An investigation is open.' },
  },
  {
    number: 'M-09',
    law: 'us-wa',
    kind: 'data_subject',
    received: '2026-03-12',
    due: '2026-03-19',
    why: 'five business days: March 13, 16 to 19',
    closed: { on: '2026-03-19', disposition: 'granted' },
  },
  {
    number: 'M-10',
    law: 'us-mn',
    kind: 'data_subject',
    received: '2026-03-16',
    due: '2026-03-30',
    why: 'ten days without Saturdays and Sundays: March 17 to 20, 23 to 27, 30',
  },
  {
    number: 'M-11',
    law: 'us-ca',
    kind: 'public',
    received: '2026-03-23',
    due: '2026-04-02',
    why: 'ten calendar days; March 31 is a holiday, and calendar days count it',
  },
  {
    number: 'M-12',
    law: 'us-federal',
    kind: 'press',
    received: '2026-03-30',
    due: '2026-04-27',
    why: 'twenty working days: March 31, April 1 to 3, 6 to 10, 13 to 17, 20 to 24, 27',
  },
];

/**
 * The month's figures, counted by hand from the list above. Days from receipt to the answer:
 * 9 (M-02, whose recording was handed over on March 11), 10 (M-03), 8 (M-04), 13 (M-05), 1 (M-06),
 * 10 (M-08), 7 (M-09); sorted 1, 7, 8, 9, 10, 10, 13: the median is 9. M-04 was answered late, by
 * a day, and M-10 is late, as it is still open on the 31st.
 */
export const FIGURES = {
  received: 12,
  answered: 7,
  on_time: 6,
  late: 2,
  open: 5,
  median_days: 9,
};

export const DISPOSITIONS: Record<string, number> = {
  granted: 3,
  partly_denied: 1,
  denied: 1,
  withdrawn: 1,
  no_records: 1,
};
