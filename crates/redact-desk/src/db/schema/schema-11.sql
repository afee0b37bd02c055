-- A due date by a rule of the request's own ("N days"), where no known law sets one, and how a
-- closed request was decided; NULL for requests that an earlier version closed.
ALTER TABLE requests ADD COLUMN rule_days INTEGER;
ALTER TABLE requests ADD COLUMN rule_unit TEXT;
ALTER TABLE requests ADD COLUMN rule_note TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN disposition TEXT;
-- A removed recording has no files and no reviews left; its row says what it was. One that is not
-- responsive does not count in the state of its request.
ALTER TABLE recordings ADD COLUMN removed_at INTEGER;
ALTER TABLE recordings ADD COLUMN not_responsive INTEGER NOT NULL DEFAULT 0;
-- What people changed of requests and their recordings: `changes` are rows of field, old and new
-- value, as JSON; `reason` is what the person wrote. The event log refers to it by `id`.
CREATE TABLE history (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), recording TEXT,
  at INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, changes TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_request ON history (request, at);
CREATE INDEX recordings_by_request ON recordings (request);
CREATE INDEX recordings_by_digest ON recordings (sha256);
CREATE INDEX reviews_by_recording ON reviews (recording);
CREATE INDEX releases_by_recording ON releases (recording);
CREATE INDEX copies_by_release ON copies (release);
