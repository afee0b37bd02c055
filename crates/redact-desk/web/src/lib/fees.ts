// Time and fees as words.
import type { Charge, Fee, FeeRules, Work } from '../api/types';
import { spanOf } from './clock';
import { requesterText } from './format';

export const workText: Record<Work, string> = {
  search: 'Search',
  review: 'Review',
  redaction: 'Redaction',
  other: 'Other (not charged)',
};

export const chargeText: Record<Charge, string> = {
  copies: 'copies',
  search: 'search',
  review: 'review',
  redaction: 'redaction',
};

/** `$1,234.50`, of `1234.50`; `-$5.00`, of `-5.00`. */
export const money = (amount: string): string => {
  const sign = amount.startsWith('-') ? '-' : '';
  const [dollars = '0', cents = '00'] = amount.replace('-', '').split('.');
  return `${sign}$${dollars.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`;
};

/** `1 h 5 min`. */
export function minutesText(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return `${rest} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** What a fee is made of. */
export function feeParts(fee: Fee): string {
  if (fee.exempt) return 'This requester pays nothing for redaction.';
  const parts = [`${minutesText(fee.charged_minutes)} at ${money(fee.rate)} an hour`];
  if (fee.recordings !== '0.00') parts.push(`${money(fee.recordings)} for recordings`);
  if (fee.video !== '0.00') parts.push(`${money(fee.video)} for minutes of video`);
  const sum = parts.join(', ');
  return fee.limited_to === null ? sum : `${sum}; limited by law to ${money(fee.limited_to)}`;
}

/** The figures of a law's fee rules, one a line. */
export function feeRuleLines(rules: FeeRules): string[] {
  const amounts: [string | null, (amount: string) => string][] = [
    [rules.staff_rate_max, (of) => `Staff time: at most ${of} an hour`],
    [rules.per_recording, (of) => `${of} for each recording`],
    [rules.per_video_minute, (of) => `${of} for each full minute of video`],
    [rules.per_video_hour_max, (of) => `At most ${of} for each hour of video`],
    [rules.request_max, (of) => `At most ${of} for a request`],
    [rules.estimate_over, (of) => `A written estimate is required above ${of}`],
    [rules.prepay_over, (of) => `Prepayment or a deposit may be asked for above ${of}`],
  ];
  const lines = amounts.flatMap(([amount, line]) => (amount === null ? [] : [line(money(amount))]));
  if (rules.free_minutes > 0)
    lines.unshift(`The first ${minutesText(rules.free_minutes)} of staff time are free`);
  if (rules.estimate_within !== null)
    lines.push(`The estimate is due within ${spanOf(rules.estimate_within)}`);
  if (rules.tolerance_percent !== null)
    lines.push(
      rules.tolerance_includes
        ? `The bill may exceed the estimate by less than ${rules.tolerance_percent} %`
        : `The bill may exceed the estimate by ${rules.tolerance_percent} %`,
    );
  if (rules.exempt.length > 0)
    lines.push(
      `No charge for redaction to: ${rules.exempt.map((one) => requesterText[one].toLowerCase()).join(', ')}`,
    );
  return lines;
}
