// Filters and columns of the queue, as they are in its URL.
import type { Request, Stage } from '../api/types';
import { dispositionText, stageText } from './format';

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
  /** The names of the columns that are shown, with commas between them. */
  columns: string;
}

/** Columns that can be shown besides the number, the due date and the state. */
export const COLUMNS: Record<string, string> = {
  requester: 'Requester',
  law: 'Law',
  assignee: 'Assigned to',
  recordings: 'Recordings',
  received: 'Received',
  case_number: 'Case number',
  incident_number: 'Incident number',
  incident_on: 'Incident date',
  location: 'Location',
  officer: 'Officer',
};

export const START: QueueFilter = {
  search: '',
  stage: 'open',
  whose: 'all',
  due: 'all',
  sort: 'due',
  order: 'asc',
  page: 1,
  columns: 'requester,assignee,recordings,received',
};

const SORTS: readonly string[] = ['due', 'number', 'received', 'stage', 'assignee'];

/** Reads the filter of an address; what is unknown is left at its start. */
export function readFilter(query: Record<string, string>): QueueFilter {
  const { search, stage, whose, due, sort, order, page, columns } = query;
  const known = stage === 'open' || stage === 'all' || (stage !== undefined && stage in stageText);
  return {
    search: search ?? '',
    stage: known ? (stage as QueueFilter['stage']) : START.stage,
    whose: whose ?? START.whose,
    due: due === 'soon' || due === 'overdue' ? due : 'all',
    sort: SORTS.includes(sort ?? '') ? (sort as Sort) : START.sort,
    order: order === 'desc' ? 'desc' : 'asc',
    page: Math.max(1, Math.floor(Number(page ?? 1)) || 1),
    columns:
      columns === undefined
        ? START.columns
        : columns
            .split(',')
            .filter((name) => name in COLUMNS)
            .join(','),
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

/** Requests that count: a practice request is listed for its owner, and counts nowhere. */
export const real = (list: Request[]): Request[] => list.filter((request) => !request.practice);

/** The stage of a request, with how many of its recordings are out if that is not all. */
export const stageOf = (request: Request): string =>
  request.stage === 'closed' && request.disposition !== null
    ? `${stageText.closed}: ${dispositionText[request.disposition].toLowerCase()}`
    : stageText[request.stage];

export const progressOf = (request: Request): string =>
  request.handed_over_count > 0 && request.handed_over_count < request.recordings_count
    ? `${request.handed_over_count} of ${request.recordings_count} handed over`
    : '';

/** What the server is asked for: the filter without what only the page needs. */
export function askOf(filter: QueueFilter): Record<string, string | number> {
  const { search, stage, whose, due, sort, order, page } = filter;
  return { search: search.trim(), stage, whose, due, sort, order, page };
}
