-- Everything that the desk knows, but files: those lie beside, named by the ids in here.
CREATE TABLE users (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE, role TEXT NOT NULL, active INTEGER NOT NULL,
  password TEXT, secret TEXT, last_step INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, last_seen_at INTEGER
) STRICT;
CREATE TABLE failures (login TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX failures_by_login ON failures (login, at);
CREATE TABLE sessions (
  token TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
) STRICT;
CREATE TABLE invites (
  token TEXT PRIMARY KEY, user TEXT REFERENCES users (id), role TEXT NOT NULL,
  expires_at INTEGER NOT NULL, login TEXT, name TEXT, password TEXT, secret TEXT
) STRICT;
CREATE TABLE requests (
  id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, requester_kind TEXT NOT NULL,
  requester TEXT NOT NULL, jurisdiction TEXT NOT NULL, received_on TEXT NOT NULL,
  due_on TEXT NOT NULL, assignee TEXT REFERENCES users (id), note TEXT NOT NULL,
  closed INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE uploads (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, purpose TEXT NOT NULL,
  request TEXT REFERENCES requests (id), user TEXT NOT NULL REFERENCES users (id),
  finished INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE recordings (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), name TEXT NOT NULL,
  bytes INTEGER NOT NULL, added_at INTEGER NOT NULL, added_by TEXT NOT NULL,
  sha256 TEXT, media TEXT
) STRICT;
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, request TEXT, recording TEXT, review TEXT,
  release TEXT, audit TEXT, state TEXT NOT NULL, input TEXT NOT NULL, phase TEXT,
  done INTEGER NOT NULL DEFAULT 0, total INTEGER, queued_at INTEGER NOT NULL,
  started_at INTEGER, ended_at INTEGER, by TEXT NOT NULL, error TEXT, hint TEXT, result TEXT,
  number INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_recording ON jobs (recording);
CREATE TABLE reviews (
  id TEXT PRIMARY KEY, recording TEXT NOT NULL REFERENCES recordings (id), title TEXT NOT NULL,
  policy TEXT NOT NULL, revision INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE policies (digest TEXT PRIMARY KEY, policy TEXT NOT NULL, rules TEXT NOT NULL) STRICT;
CREATE TABLE revisions (
  review TEXT NOT NULL REFERENCES reviews (id), revision INTEGER NOT NULL, at INTEGER NOT NULL,
  by TEXT NOT NULL, undecided INTEGER NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (review, revision)
) STRICT;
CREATE TABLE approvals (
  id INTEGER PRIMARY KEY, review TEXT NOT NULL REFERENCES reviews (id),
  revision INTEGER NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
  at_nanos INTEGER NOT NULL, statement TEXT NOT NULL, content TEXT NOT NULL,
  void INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE releases (
  id TEXT PRIMARY KEY, request TEXT NOT NULL, recording TEXT NOT NULL, review TEXT NOT NULL,
  revision INTEGER NOT NULL, title TEXT NOT NULL, policy_name TEXT NOT NULL,
  stem TEXT NOT NULL, approvals TEXT NOT NULL, state TEXT NOT NULL, verdict TEXT,
  made_at INTEGER, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE copies (
  id TEXT PRIMARY KEY, release TEXT NOT NULL REFERENCES releases (id), at INTEGER NOT NULL,
  by TEXT NOT NULL, recipient TEXT NOT NULL, medium TEXT NOT NULL, note TEXT NOT NULL,
  files TEXT NOT NULL
) STRICT;
CREATE TABLE audits (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), release_name TEXT NOT NULL,
  at INTEGER NOT NULL, verdict TEXT
) STRICT;
-- Whether the newest revision of a review has approvals, and whether they are all that it needs.
-- A policy that demands a second person is known by its text.
CREATE VIEW approved AS
  SELECT a.review AS review,
    max(a.role = 'approver') = 1 AND (
      json_extract(p.policy, '$.second_person') = 0 OR count(DISTINCT a.user) > 1
    ) AS whole
  FROM approvals a JOIN reviews r ON r.id = a.review AND r.revision = a.revision
  JOIN policies p ON p.digest = r.policy
  WHERE a.void = 0 GROUP BY a.review;
