// Deadlines of requests as sentences.
import type {
  AddedTime,
  Category,
  Days,
  Deadline,
  DeadlineKind,
  FullRequest,
  PauseInfo,
  RequesterKind,
  Retention,
  Span,
  Statute,
  WaitingFor,
} from '../api/types';
import { dayText, many } from './format';

/** What a dialog changes of a request's clock. */
export type ClockChange =
  | { kind: 'stop' | 'start' | 'extend' | 'take-back' }
  | { kind: 'record'; milestone: DeadlineKind; on: string | null };

export const milestoneText: Record<DeadlineKind, string> = {
  acknowledgement: 'Acknowledgment',
  answer: 'Answer',
  estimate: 'Fee estimate',
};

export const waitingText: Record<WaitingFor, string> = {
  clarification: 'Clarification from the requester',
  payment: 'Payment',
};

/** `5 working days`. */
export const spanOf = ({ days, unit }: Days | AddedTime): string =>
  many(days, unit === 'days' ? 'day' : 'working day');

/** `for payment, Mar 5, 2026 to Mar 9, 2026`. */
export function pauseText(pause: PauseInfo): string {
  const what = `for ${pause.waiting_for === 'payment' ? 'payment' : 'clarification'}`;
  return pause.until === null
    ? `${what} since ${dayText(pause.since)}`
    : `${what}, ${dayText(pause.since)} to ${dayText(pause.until)}`;
}

/** What the due date follows from. */
export function basisText(request: FullRequest): string {
  if (request.due_on !== request.due_counted)
    return `Set by hand. Calculated: ${dayText(request.due_counted)}.`;
  switch (request.clock.basis) {
    case 'law':
      return `Calculated under ${request.law}${request.stopped ? '; the clock is stopped' : ''}.`;
    case 'rule':
      return request.rule ? `${spanOf(request.rule)}: ${request.rule.note}` : '';
    case 'older_than_law':
      return `Received before this deadline under ${request.law} took effect. Target: ten working days.`;
    default:
      return `${request.law} sets no number of days for this requester. Target: ten working days.`;
  }
}

/** The deadline for the answer to such a requester. */
export function answerOf(law: Statute, requester: RequesterKind): Deadline | undefined {
  const answers = law.deadlines.filter((deadline) => deadline.kind === 'answer');
  return (
    answers.find((deadline) => deadline.requesters.includes(requester)) ??
    answers.find((deadline) => deadline.requesters.length === 0)
  );
}

/** `10 working days`, of all of it: from receipt. */
export function answerText(law: Statute, requester: RequesterKind): string {
  const answer = answerOf(law, requester);
  if (!answer?.period) return 'no number of days';
  const first = law.deadlines.find((deadline) => deadline.kind === answer.after);
  const before = first?.period ? `${spanOf(first.period)}, then ` : '';
  return `${before}${spanOf(answer.period)}`;
}

export const categoryText: Record<Category, string> = {
  not_evidence: 'Non-evidentiary',
  evidence: 'Evidentiary',
  force: 'Use of force',
  arrest: 'Arrest',
  complaint: 'Complaint',
  death: 'Death or serious injury',
  requested: 'Retention requested',
  other: 'Other',
};

const lengthOf = (span: Span): string => {
  if ('days' in span) return many(span.days, 'day');
  return 'months' in span ? many(span.months, 'month') : many(span.years, 'year');
};

/** `at least 90 days, at most 30 months`. */
export function retentionText({ at_least, at_most, adds, ends, binding }: Retention): string {
  const parts = [];
  const [least, most] = [at_least, at_most].map((span) => (span === null ? null : lengthOf(span)));
  if (least && least === most) parts.push(least);
  else {
    if (least) parts.push(`at least ${least}`);
    if (most) parts.push(`at most ${most}`);
  }
  let text = parts.length === 0 ? 'no fixed period' : parts.join(', ');
  if (adds) text = `${text} more`;
  if (ends === 'never') return 'never destroyed';
  if (ends === 'decision' && parts.length > 0) text = `${text}, then the agency decides`;
  return binding ? text : `${text} (best practice)`;
}
