-- Sign-in attempts, counted before the password is hashed. `origin` is `address:…` (an IPv6 address
-- by its /64), `device:…` for a browser that signed in before, or `session` for a password that is
-- entered again while signed in.
DROP TABLE failures;
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL, origin TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_login ON attempts (login, at);
CREATE INDEX attempts_by_origin ON attempts (origin, at);
-- Browsers that somebody signed in with before, by the SHA-256 of their cookie.
CREATE TABLE devices (
  token TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_by_user ON devices (user);
-- 1: the review was changed or the approval taken back; 2: the person's account was changed. What
-- somebody approved whose account is closed counts no more, whenever that happened.
UPDATE approvals SET void = 2
  WHERE void = 0 AND user IN (SELECT id FROM users WHERE active = 0);
