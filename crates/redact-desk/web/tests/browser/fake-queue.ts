// The queue as the server chooses it, for the desk in memory.
import type * as api from '../../src/api/types';

const SOON_DAYS = 3;
const PAGE_ROWS = 50;

export function queuePage(all: api.Request[], search: URLSearchParams): api.QueuePage {
  const text = (search.get('search') ?? '').toLowerCase();
  const [stage, due] = [search.get('stage') ?? 'open', search.get('due') ?? 'all'];
  const whose = search.get('whose') ?? 'all';
  const found = all.filter((r) => `${r.number} ${r.requester}`.toLowerCase().includes(text));
  const isSoon = (r: api.Request): boolean =>
    !r.practice &&
    r.stage !== 'closed' &&
    r.stage !== 'handed_over' &&
    !r.overdue &&
    r.days_left <= SOON_DAYS;
  const ofStage = (r: api.Request): boolean =>
    stage === 'all' || (stage === 'open' ? r.stage !== 'closed' : r.stage === stage);
  const ofDue = (r: api.Request): boolean =>
    due === 'all' || (due === 'overdue' ? r.overdue : isSoon(r));
  const ofPerson = (r: api.Request): boolean =>
    whose === 'all' ||
    (whose === 'nobody' ? r.assignee === null : whose === 'mine' || r.assignee?.id === whose);
  const shown = found.filter((r) => ofStage(r) && ofDue(r) && ofPerson(r));
  const counts: api.QueueCounts = { open: 0, all: 0, soon: 0, overdue: 0, stages: {} };
  for (const r of found.filter((one) => !one.practice && ofPerson(one))) {
    if (ofDue(r)) {
      counts.all += 1;
      if (r.stage !== 'closed') counts.open += 1;
      counts.stages[r.stage] = (counts.stages[r.stage] ?? 0) + 1;
    }
    if (ofStage(r)) {
      if (r.overdue) counts.overdue += 1;
      if (isSoon(r)) counts.soon += 1;
    }
  }
  return {
    requests: shown.slice(0, PAGE_ROWS),
    total: shown.filter((r) => !r.practice).length,
    first: 0,
    shown: shown.length,
    page: 1,
    pages: 1,
    any: found.length > 0,
    counts,
    people: [],
  };
}
