-- Intake, notes, tasks, saved views, settings.
-- An office of ten thousand requests: what lists and pages look up.
CREATE INDEX IF NOT EXISTS releases_by_request ON releases (request);
CREATE INDEX IF NOT EXISTS releases_by_review ON releases (review);
CREATE INDEX IF NOT EXISTS jobs_by_release ON jobs (release);
CREATE INDEX IF NOT EXISTS jobs_by_number ON jobs (number);
CREATE INDEX IF NOT EXISTS approvals_by_review ON approvals (review, revision);
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (recording) WHERE state != 'done';
CREATE INDEX IF NOT EXISTS requests_by_assignee ON requests (assignee);
-- Minutes that the decisions about a recording are expected to take, from what its scan found;
-- NULL until they are counted.
ALTER TABLE recordings ADD COLUMN expected_minutes INTEGER;
-- What else is known about a request and a recording, as JSON: `src/details.rs`.
ALTER TABLE requests ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE recordings ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
-- Notes of a request, oldest first. Earlier wordings are in the history.
CREATE TABLE request_notes (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), user TEXT NOT NULL,
  name TEXT NOT NULL, at INTEGER NOT NULL, edited_at INTEGER, text TEXT NOT NULL
) STRICT;
CREATE INDEX request_notes_by_request ON request_notes (request, at);
-- Who is mentioned in a note, and when that person saw it.
CREATE TABLE note_mentions (
  note TEXT NOT NULL REFERENCES request_notes (id) ON DELETE CASCADE,
  user TEXT NOT NULL REFERENCES users (id), seen_at INTEGER, PRIMARY KEY (note, user)
) STRICT;
CREATE INDEX note_mentions_unseen ON note_mentions (user) WHERE seen_at IS NULL;
CREATE TABLE request_tasks (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), text TEXT NOT NULL,
  due_on TEXT, assignee TEXT REFERENCES users (id), by TEXT NOT NULL, at INTEGER NOT NULL,
  done_at INTEGER, done_by TEXT
) STRICT;
CREATE INDEX request_tasks_by_request ON request_tasks (request);
CREATE INDEX request_tasks_open ON request_tasks (assignee) WHERE done_at IS NULL;
-- What of the inbox a person has seen, by the keys of its items.
CREATE TABLE inbox_seen (
  user TEXT NOT NULL REFERENCES users (id), item TEXT NOT NULL, PRIMARY KEY (user, item)
) STRICT;
-- Filters and columns of the queue under a name; `query` is its address, `columns` is JSON.
CREATE TABLE queue_views (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), name TEXT NOT NULL,
  shared INTEGER NOT NULL, query TEXT NOT NULL, columns TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX queue_views_by_name ON queue_views (user, name);
-- Sets of defaults for new requests; `template` is JSON.
CREATE TABLE request_templates (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, template TEXT NOT NULL, by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
-- Recordings that an import lists for a request: their details wait until the file is added.
CREATE TABLE expected_recordings (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), name TEXT NOT NULL,
  name_key TEXT NOT NULL, details TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  recording TEXT
) STRICT;
CREATE INDEX expected_recordings_by_request ON expected_recordings (request, name_key);
-- The folder within the watch folder whose files are added to a request as they arrive, and the
-- person who turned that on.
CREATE TABLE watched_requests (
  request TEXT PRIMARY KEY REFERENCES requests (id), folder TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES users (id), at INTEGER NOT NULL
) STRICT;
-- Files of those folders that were added, or why not, so that each is added once.
CREATE TABLE watched_files (
  request TEXT NOT NULL REFERENCES requests (id), name TEXT NOT NULL, bytes INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, at INTEGER NOT NULL, recording TEXT, error TEXT,
  PRIMARY KEY (request, name, bytes, changed_at)
) STRICT;
-- The agency's settings, and every change of one.
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE setting_changes (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, from_value TEXT NOT NULL, to_value TEXT NOT NULL,
  by TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
-- Versions of policies that administrators propose and other people put into force.
CREATE TABLE policy_versions (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL,
  before TEXT NOT NULL, why TEXT NOT NULL, user TEXT NOT NULL REFERENCES users (id),
  by TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, decided_by TEXT, decided_at INTEGER
) STRICT;
CREATE UNIQUE INDEX policy_versions_proposed ON policy_versions (name) WHERE state = 'proposed';
CREATE UNIQUE INDEX policy_versions_in_force ON policy_versions (name) WHERE state = 'in_force';
-- What the search finds: an entry for each thing, kept up by the triggers below. `target` is the id
-- of the page that shows it.
CREATE TABLE search_entries (
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, target TEXT NOT NULL, request TEXT,
  title TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id)
) STRICT;
CREATE INDEX search_entries_by_request ON search_entries (request);
CREATE VIRTUAL TABLE search USING fts5 (
  title, body, content = 'search_entries', content_rowid = 'n',
  tokenize = 'trigram remove_diacritics 1'
);
-- Words of what is deleted do not stay in free parts of the index.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER search_entry_added AFTER INSERT ON search_entries BEGIN
  INSERT INTO search (rowid, title, body) VALUES (new.n, new.title, new.body);
END;
CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entries BEGIN
  INSERT INTO search (search, rowid, title, body) VALUES ('delete', old.n, old.title, old.body);
END;
CREATE TRIGGER search_entry_changed AFTER UPDATE OF title, body ON search_entries BEGIN
  INSERT INTO search (search, rowid, title, body) VALUES ('delete', old.n, old.title, old.body);
  INSERT INTO search (rowid, title, body) VALUES (new.n, new.title, new.body);
END;
CREATE VIEW searchable AS
  SELECT 'request' AS kind, id, id AS target, id AS request, number AS title,
    requester || char(10) || note || coalesce((SELECT char(10) || group_concat(value, char(10))
      FROM json_each(requests.details) WHERE value != ''), '') AS body FROM requests
  UNION ALL
  SELECT 'recording', id, id, request, name, coalesce(sha256, '') || coalesce(
    (SELECT char(10) || group_concat(value, char(10)) FROM json_each(recordings.details)
      WHERE value != ''), '')
    FROM recordings WHERE removed_at IS NULL
  UNION ALL
  SELECT 'release', id, id, request, title, stem || char(10) || policy_name || coalesce(
    (SELECT char(10) || name FROM recordings WHERE recordings.id = releases.recording), '')
    FROM releases
  UNION ALL
  SELECT 'package', id, id, request, title, coalesce(sha256, '') || char(10) ||
    coalesce(manifest_sha256, '') FROM packages
  UNION ALL
  SELECT 'copy', id, release, (SELECT request FROM releases WHERE releases.id = copies.release),
    recipient, note || coalesce((SELECT char(10) || group_concat(value ->> 'sha256', char(10))
      FROM json_each(copies.files)), '') FROM copies
  UNION ALL
  SELECT 'package_copy', id, package,
    (SELECT request FROM packages WHERE packages.id = package_copies.package),
    recipient, note || char(10) || sha256 FROM package_copies
  UNION ALL
  SELECT 'note', id, request, request, name, text FROM request_notes
  UNION ALL
  SELECT 'person', id, id, NULL, name, '' FROM users
  UNION ALL
  SELECT 'account', id, id, NULL, login, '' FROM users;
CREATE VIEW search_changes AS SELECT kind, id, target, request, title, body FROM searchable;
-- A row that is inserted into this view replaces the entry of its id.
CREATE TRIGGER search_again INSTEAD OF INSERT ON search_changes BEGIN
  INSERT INTO search_entries (kind, id, target, request, title, body)
    VALUES (new.kind, new.id, new.target, new.request, new.title, new.body)
    ON CONFLICT (kind, id) DO UPDATE SET target = excluded.target, request = excluded.request,
      title = excluded.title, body = excluded.body;
END;
CREATE TRIGGER search_request_added AFTER INSERT ON requests BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'request' AND id = new.id;
END;
CREATE TRIGGER search_request_changed AFTER UPDATE OF number, requester, note, details ON requests
BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'request' AND id = new.id;
END;
CREATE TRIGGER search_recording_added AFTER INSERT ON recordings BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'recording' AND id = new.id;
END;
CREATE TRIGGER search_recording_changed
AFTER UPDATE OF name, sha256, request, removed_at, details ON recordings BEGIN
  DELETE FROM search_entries
    WHERE kind = 'recording' AND id = new.id AND new.removed_at IS NOT NULL;
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'recording' AND id = new.id;
END;
CREATE TRIGGER search_recording_removed AFTER DELETE ON recordings BEGIN
  DELETE FROM search_entries WHERE kind = 'recording' AND id = old.id;
END;
CREATE TRIGGER search_release_added AFTER INSERT ON releases BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'release' AND id = new.id;
END;
CREATE TRIGGER search_release_removed AFTER DELETE ON releases BEGIN
  DELETE FROM search_entries WHERE kind = 'release' AND id = old.id;
END;
CREATE TRIGGER search_package_added AFTER INSERT ON packages BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'package' AND id = new.id;
END;
CREATE TRIGGER search_package_changed AFTER UPDATE OF sha256, manifest_sha256, title ON packages
BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'package' AND id = new.id;
END;
CREATE TRIGGER search_package_removed AFTER DELETE ON packages BEGIN
  DELETE FROM search_entries WHERE kind = 'package' AND id = old.id;
END;
CREATE TRIGGER search_copy_added AFTER INSERT ON copies BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'copy' AND id = new.id;
END;
CREATE TRIGGER search_package_copy_added AFTER INSERT ON package_copies BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'package_copy' AND id = new.id;
END;
CREATE TRIGGER search_note_added AFTER INSERT ON request_notes BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'note' AND id = new.id;
END;
CREATE TRIGGER search_note_changed AFTER UPDATE OF text ON request_notes BEGIN
  INSERT INTO search_changes SELECT * FROM searchable WHERE kind = 'note' AND id = new.id;
END;
CREATE TRIGGER search_note_removed AFTER DELETE ON request_notes BEGIN
  DELETE FROM search_entries WHERE kind = 'note' AND id = old.id;
END;
CREATE TRIGGER search_person_added AFTER INSERT ON users BEGIN
  INSERT INTO search_changes SELECT * FROM searchable
    WHERE kind IN ('person', 'account') AND id = new.id;
END;
CREATE TRIGGER search_person_changed AFTER UPDATE OF name, login ON users BEGIN
  INSERT INTO search_changes SELECT * FROM searchable
    WHERE kind IN ('person', 'account') AND id = new.id;
END;
INSERT INTO search_entries (kind, id, target, request, title, body) SELECT * FROM searchable;
