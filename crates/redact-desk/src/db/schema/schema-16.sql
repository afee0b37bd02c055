-- Retention, holds, sealing, disposal, backups.
-- What a recording is to the law of its request, and the day from which its time is counted. `law`
-- is the one that the request had then: it still binds when the request gets another one.
CREATE TABLE retention (
  recording TEXT PRIMARY KEY REFERENCES recordings (id), category TEXT NOT NULL,
  counted_from TEXT NOT NULL, law TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
-- Somebody asked for a recording to stay. `days` is NULL for as long as the law allows.
CREATE TABLE retention_asked (
  id TEXT PRIMARY KEY, recording TEXT NOT NULL REFERENCES recordings (id), asked_on TEXT NOT NULL,
  days INTEGER, person TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX retention_asked_by_recording ON retention_asked (recording);
-- Legal holds, of one recording or of a whole request (`recording` NULL).
CREATE TABLE holds (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), recording TEXT,
  matter TEXT NOT NULL, authority TEXT NOT NULL, reason TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL,
  released_at INTEGER, released_by TEXT, release_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX holds_by_request ON holds (request) WHERE released_at IS NULL;
CREATE INDEX holds_by_recording ON holds (recording) WHERE released_at IS NULL;
-- Orders of a court that close a recording, or a request with all that it has (`recording` NULL),
-- to everybody but `sealing_people`.
CREATE TABLE sealings (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, request TEXT NOT NULL REFERENCES requests (id),
  recording TEXT, court TEXT NOT NULL, number TEXT NOT NULL, dated TEXT NOT NULL,
  note TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  lifted_at INTEGER, lifted_by TEXT, lift_court TEXT NOT NULL DEFAULT '',
  lift_number TEXT NOT NULL DEFAULT '', lift_dated TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX sealings_by_request ON sealings (request) WHERE lifted_at IS NULL;
CREATE INDEX sealings_by_recording ON sealings (recording) WHERE lifted_at IS NULL;
CREATE TABLE sealing_people (
  sealing TEXT NOT NULL REFERENCES sealings (id), user TEXT NOT NULL REFERENCES users (id),
  PRIMARY KEY (sealing, user)
) STRICT;
-- Recipients of copies that were out already, who were told of the order.
CREATE TABLE sealing_told (
  sealing TEXT NOT NULL REFERENCES sealings (id), copy TEXT NOT NULL, note TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL, PRIMARY KEY (sealing, copy)
) STRICT;
-- Which recordings an order closes, and to whom it leaves them open.
CREATE VIEW sealed_recordings AS
  SELECT c.id AS recording, s.id AS sealing FROM sealings s JOIN recordings c
    ON s.lifted_at IS NULL
      AND (c.id = s.recording OR (s.recording IS NULL AND c.request = s.request));
-- Disposals of recordings. `releases` are the ids of those that go, too, `files` what was there
-- with digests, as JSON; `certificate` is the signed record that they are gone.
CREATE TABLE disposals (
  id TEXT PRIMARY KEY, recording TEXT NOT NULL REFERENCES recordings (id),
  request TEXT NOT NULL REFERENCES requests (id), state TEXT NOT NULL, releases TEXT NOT NULL,
  law TEXT NOT NULL, category TEXT NOT NULL, counted_from TEXT NOT NULL, until TEXT,
  statute TEXT NOT NULL,
  reason TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, by_user TEXT NOT NULL,
  decided_at INTEGER, decided_by TEXT, decision TEXT NOT NULL DEFAULT '',
  files TEXT, done_at INTEGER, certificate TEXT, signature TEXT
) STRICT;
CREATE UNIQUE INDEX disposals_in_force ON disposals (recording) WHERE state != 'refused';
-- Releases whose files are gone.
ALTER TABLE releases ADD COLUMN disposed_at INTEGER;
-- Backups that were made of this desk.
CREATE TABLE backups (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, path TEXT NOT NULL, manifest_sha256 TEXT NOT NULL
) STRICT;
