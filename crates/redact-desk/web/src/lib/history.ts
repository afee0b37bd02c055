// Changes of requests and recordings as sentences.
import type { Category, Disposition, FieldChange, LetterKind, RequesterKind } from '../api/types';
import { categoryText } from './clock';
import { recordingFields, requestFields } from './details';
import { dayText, dispositionText, requesterText } from './format';
import { letterText } from './papers';

const actions: Record<string, string> = {
  changed: 'Request changed',
  closed: 'Request closed',
  reopened: 'Request reopened',
  renamed: 'Recording renamed',
  moved: 'Recording moved',
  removed: 'Recording removed',
  'not-responsive': 'Recording marked as not responsive',
  responsive: 'Recording marked as responsive',
  'clock-stopped': 'Waiting for the requester',
  'clock-started': 'Requester replied or paid',
  extended: 'Deadline extended',
  'extension-removed': 'Extension removed',
  acknowledged: 'Acknowledgment recorded',
  estimated: 'Fee estimate recorded',
  'time-added': 'Time added',
  'time-changed': 'Time changed',
  'time-removed': 'Time removed',
  'fee-estimated': 'Fee estimated',
  'letter-made': 'Letter made',
  'letter-sent': 'Letter sent',
  'letter-removed': 'Letter removed',
  'invoice-made': 'Invoice made',
  'invoice-corrected': 'Invoice corrected by a new one',
  'invoice-voided': 'Invoice voided',
  'payment-recorded': 'Payment recorded',
  'payment-voided': 'Payment voided',
  'note-changed': 'Note changed',
  'task-added': 'Task added',
  'task-changed': 'Task changed',
  'task-done': 'Task done',
  'task-reopened': 'Task reopened',
  'task-removed': 'Task removed',
  'details-changed': 'Details of the recording changed',
  'on-clock': 'Camera placed on the shared clock',
  'retention-set': 'Retention category set',
  'retention-asked': 'Retention request recorded',
  'hold-placed': 'Legal hold placed',
  'hold-released': 'Legal hold released',
  'disposal-proposed': 'Disposal proposed',
  'disposal-confirmed': 'Disposal confirmed',
  'disposal-refused': 'Disposal refused',
  'handed-over-reopened': 'Handed over or packaged although its review was reopened',
};

export const actionText = (action: string): string => actions[action] ?? action;

const fields: Record<string, string> = {
  ...Object.fromEntries(recordingFields),
  ...Object.fromEntries(requestFields),
  policy: 'Default policy',
  thread_note: 'Note',
  task: 'Task',
  number: 'Number',
  requester: 'Requester',
  requester_kind: 'Requester type',
  jurisdiction: 'Law',
  rule: 'Deadline',
  received_on: 'Received on',
  due_on: 'Due on',
  assignee: 'Assigned to',
  note: 'Note',
  disposition: 'Decision',
  name: 'Name',
  request: 'Request',
  waiting_for: 'Waiting for',
  stopped_on: 'Since',
  started_on: 'Until',
  extension: 'Extension',
  acknowledged_on: 'Acknowledged on',
  estimated_on: 'Estimate sent on',
  time: 'Time',
  fee: 'Fee',
  letter: 'Letter',
  letter_sha256: 'SHA-256 of the PDF',
  recipient: 'Recipient',
  sent_on: 'Sent on',
  invoice: 'Invoice',
  payment: 'Payment',
  on_clock: 'Starts at',
  category: 'Category',
  counted_from: 'Counted from',
  retention_law: 'Retained under',
  retain_through: 'Retain through',
  asked_on: 'Asked on',
  days: 'Days',
  person: 'Who asked',
  matter: 'Matter',
  authority: 'Asked for by',
};

/** The title of a field, if it is one that changes of requests have. */
export const fieldText = (field: string): string | undefined => fields[field];

function valueText(field: string, value: string): string {
  if (value === '') return 'none';
  if (field.endsWith('_on')) return dayText(value);
  if (field === 'counted_from' || field === 'retain_through') return dayText(value);
  if (field === 'category') return categoryText[value as Category] ?? value;
  if (field === 'on_clock') return `${value} s on the shared clock`;
  if (field === 'letter') return letterText[value.replace('-', '_') as LetterKind] ?? value;
  if (field === 'letter_sha256') return `${value.slice(0, 16)}…`;
  if (field === 'disposition') return dispositionText[value as Disposition] ?? value;
  if (field === 'requester_kind') return requesterText[value as RequesterKind] ?? value;
  return value;
}

/** `Due on: Nov 30, 2026 → Dec 4, 2026`. */
export const changeText = ({ field, from, to }: FieldChange): string =>
  `${fields[field] ?? field}: ${valueText(field, from)} → ${valueText(field, to)}`;
