// Figures by month, as words and bars.
import type { PeriodFigures } from '../api/types';

const NAMES = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `Sep 2026`, of `2026-09`. */
export function monthText(month: string): string {
  const [year = '', number = ''] = month.split('-');
  return `${NAMES[Number(number) - 1] ?? number} ${year}`;
}

/** `1.25`. */
export const hoursText = (seconds: number): string => (seconds / 3600).toFixed(2);

export interface Bar {
  month: string;
  total: number;
  /** Of the space for bars, in percent; the highest month has 80. */
  height: number;
  parts: { kind: 'on-time' | 'late' | 'open'; count: number }[];
}

export function barsOf(months: PeriodFigures[]): Bar[] {
  const most = Math.max(1, ...months.map((month) => month.received));
  return months.map((month) => ({
    month: month.month,
    total: month.received,
    height: (month.received / most) * 80,
    parts: [
      { kind: 'on-time' as const, count: month.on_time },
      { kind: 'late' as const, count: month.late },
      { kind: 'open' as const, count: month.received - month.on_time - month.late },
    ].filter((part) => part.count > 0),
  }));
}
