-- What an administrator gave somebody: access, another role, a new password. `state` is 'waiting'
-- for a second administrator, 'confirmed', 'refused', or 'alone' where there was no second one: all
-- users are then shown it.
CREATE TABLE grants (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), action TEXT NOT NULL,
  role TEXT NOT NULL, by TEXT NOT NULL REFERENCES users (id), at INTEGER NOT NULL,
  state TEXT NOT NULL, second TEXT REFERENCES users (id), decided_at INTEGER
) STRICT;
CREATE UNIQUE INDEX grants_waiting ON grants (user) WHERE state = 'waiting';
CREATE TABLE notices_dismissed (
  notice TEXT NOT NULL REFERENCES grants (id), user TEXT NOT NULL REFERENCES users (id),
  PRIMARY KEY (notice, user)
) STRICT;
