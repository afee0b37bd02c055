// Filters of the queue, as they are in its URL, and the queue as a spreadsheet.
import type { Request, Stage } from '../api/types';
import { csvText } from './csv';
import { dispositionText, requesterText, stageText } from './format';

/** Requests that are due in this many days are due soon. */
export const SOON_DAYS = 3;

/** Rows on one page of the list. */
export const PAGE_ROWS = 50;

export type Sort = 'due' | 'number' | 'received' | 'stage' | 'assignee';

export interface QueueFilter {
  search: string;
  /** A stage, `open` (all but closed) or `all`. */
  stage: Stage | 'open' | 'all';
  /** `all`, `mine`, `nobody`, or the id of a person. */
  whose: string;
  due: 'all' | 'soon' | 'overdue';
  sort: Sort;
  order: 'asc' | 'desc';
  page: number;
}

export const START: QueueFilter = {
  search: '',
  stage: 'open',
  whose: 'all',
  due: 'all',
  sort: 'due',
  order: 'asc',
  page: 1,
};

const SORTS: readonly string[] = ['due', 'number', 'received', 'stage', 'assignee'];

/** Reads the filter of an address; what is unknown is left at its start. */
export function readFilter(query: Record<string, string>): QueueFilter {
  const { search, stage, whose, due, sort, order, page } = query;
  const known = stage === 'open' || stage === 'all' || (stage !== undefined && stage in stageText);
  return {
    search: search ?? '',
    stage: known ? (stage as QueueFilter['stage']) : START.stage,
    whose: whose ?? START.whose,
    due: due === 'soon' || due === 'overdue' ? due : 'all',
    sort: SORTS.includes(sort ?? '') ? (sort as Sort) : START.sort,
    order: order === 'desc' ? 'desc' : 'asc',
    page: Math.max(1, Math.floor(Number(page ?? 1)) || 1),
  };
}

/** The filter as it stands in an address: only what differs from the start. */
export function writeFilter(filter: QueueFilter): Record<string, string> {
  const pairs = Object.entries(filter).map(([key, value]) => [key, String(value)] as const);
  return Object.fromEntries(
    pairs.filter(([key, value]) => value !== String(START[key as keyof QueueFilter])),
  );
}

export const isFiltered = (filter: QueueFilter): boolean =>
  filter.search.trim() !== '' ||
  filter.stage !== 'open' ||
  filter.whose !== 'all' ||
  filter.due !== 'all';

const isOver = (request: Request): boolean =>
  request.stage === 'closed' || request.stage === 'handed_over';

/** Whether a request is due soon, and not overdue. */
export const isDueSoon = (request: Request): boolean =>
  !request.practice && !isOver(request) && !request.overdue && request.days_left <= SOON_DAYS;

export function matchesPerson(request: Request, whose: string, me: string | null): boolean {
  if (whose === 'all') return true;
  if (whose === 'nobody') return request.assignee === null;
  return request.assignee?.id === (whose === 'mine' ? me : whose);
}

const matchesDue = (request: Request, due: QueueFilter['due']): boolean =>
  due === 'all' || (due === 'overdue' ? request.overdue : isDueSoon(request));

const matchesStage = (request: Request, stage: QueueFilter['stage']): boolean =>
  stage === 'all' || (stage === 'open' ? request.stage !== 'closed' : request.stage === stage);

/** The requests that the filter shows; the server has applied its search and its order. */
export const filtered = (list: Request[], filter: QueueFilter, me: string | null): Request[] =>
  list.filter(
    (request) =>
      matchesStage(request, filter.stage) &&
      matchesPerson(request, filter.whose, me) &&
      matchesDue(request, filter.due),
  );

/** Requests that count: a practice request is listed for its owner, and counts nowhere. */
export const real = (list: Request[]): Request[] => list.filter((request) => !request.practice);

export interface Counts {
  open: number;
  all: number;
  soon: number;
  overdue: number;
  stages: Partial<Record<Stage, number>>;
}

/** How many requests each choice would show, of those of the chosen person. */
export function counts(list: Request[], filter: QueueFilter, me: string | null): Counts {
  const found: Counts = { open: 0, all: 0, soon: 0, overdue: 0, stages: {} };
  for (const request of real(list)) {
    if (!matchesPerson(request, filter.whose, me)) continue;
    if (matchesDue(request, filter.due)) {
      found.all += 1;
      if (request.stage !== 'closed') found.open += 1;
      found.stages[request.stage] = (found.stages[request.stage] ?? 0) + 1;
    }
    if (matchesStage(request, filter.stage)) {
      if (request.overdue) found.overdue += 1;
      if (isDueSoon(request)) found.soon += 1;
    }
  }
  return found;
}

/** The people to whom the listed requests are assigned, by name. */
export function assignees(list: Request[]): { id: string; name: string }[] {
  const people = new Map<string, string>();
  for (const { assignee } of list) if (assignee !== null) people.set(assignee.id, assignee.name);
  return [...people]
    .map(([id, name]) => ({ id, name }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** The stage of a request, with how many of its recordings are out if that is not all. */
export const stageOf = (request: Request): string =>
  request.stage === 'closed' && request.disposition !== null
    ? `${stageText.closed}: ${dispositionText[request.disposition].toLowerCase()}`
    : stageText[request.stage];

export const progressOf = (request: Request): string =>
  request.handed_over_count > 0 && request.handed_over_count < request.recordings_count
    ? `${request.handed_over_count} of ${request.recordings_count} handed over`
    : '';

/** The requests as a spreadsheet. */
export function queueCsv(list: Request[]): string {
  const head = [
    'Number',
    'Requester',
    'Kind of requester',
    'Law',
    'Received on',
    'Due on',
    'Days left',
    'Overdue',
    'State',
    'Recordings',
    'Handed over',
    'Assigned to',
    'Note',
  ];
  const rows = real(list).map((r) => [
    r.number,
    r.requester,
    requesterText[r.requester_kind],
    r.law,
    r.received_on,
    r.due_on,
    isOver(r) ? '' : r.days_left,
    r.overdue ? 'yes' : 'no',
    stageOf(r),
    r.recordings_count,
    r.handed_over_count,
    r.assignee?.name ?? '',
    r.note,
  ]);
  return csvText([head, ...rows]);
}
