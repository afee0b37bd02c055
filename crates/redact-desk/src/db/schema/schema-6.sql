-- Checks of all past releases by today's rules, and when each release was checked last.
CREATE TABLE rechecks (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, releases INTEGER NOT NULL
) STRICT;
ALTER TABLE releases ADD COLUMN checked_at INTEGER;
