-- What somebody saw of a recording in one session; `spans` are frames, half-open, `seen` counts
-- what was asked for. `written` is 1 once the event log has it.
CREATE TABLE views (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, recording TEXT NOT NULL,
  session TEXT NOT NULL, began_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  spans TEXT NOT NULL, seen TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX views_by_recording ON views (recording, began_at);
CREATE INDEX views_not_written ON views (session) WHERE written = 0;
