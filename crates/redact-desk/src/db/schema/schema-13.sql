-- The clock of a request. `due_by_hand` is 1 where a person set the due date; NULL for requests of
-- an earlier version, where it is found by counting.
ALTER TABLE requests ADD COLUMN due_by_hand INTEGER;
-- When the requester was told that the request arrived, and what it will cost.
ALTER TABLE requests ADD COLUMN acknowledged_on TEXT;
ALTER TABLE requests ADD COLUMN estimated_on TEXT;
-- Times in which the agency waited for the requester; `until` is NULL while it does.
CREATE TABLE request_pauses (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id),
  waiting_for TEXT NOT NULL, since TEXT NOT NULL, until TEXT, note TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX request_pauses_by_request ON request_pauses (request);
CREATE UNIQUE INDEX request_pauses_open ON request_pauses (request) WHERE until IS NULL;
-- What the agency added to the time for its answer.
CREATE TABLE request_extensions (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id),
  days INTEGER NOT NULL, unit TEXT NOT NULL, reason TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX request_extensions_by_request ON request_extensions (request);
-- Time that people spent on a request, in minutes of one kind of work on one day.
CREATE TABLE request_time (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), user TEXT NOT NULL,
  name TEXT NOT NULL, day TEXT NOT NULL, work TEXT NOT NULL, minutes INTEGER NOT NULL,
  note TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX request_time_by_request ON request_time (request);
-- What the requester was told it would cost, newest last. `fee` is what was computed, as JSON.
CREATE TABLE request_estimates (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), at INTEGER NOT NULL,
  by TEXT NOT NULL, rate_cents INTEGER NOT NULL, search_minutes INTEGER NOT NULL,
  review_minutes INTEGER NOT NULL, redaction_minutes INTEGER NOT NULL, total_cents INTEGER NOT NULL,
  fee TEXT NOT NULL
) STRICT;
CREATE INDEX request_estimates_by_request ON request_estimates (request);
-- What a release hides and mutes, as figures in JSON; NULL until they are counted.
ALTER TABLE releases ADD COLUMN figures TEXT;
CREATE INDEX history_by_action ON history (action);
