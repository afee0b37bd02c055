-- Sign-in: names, recovery codes, passkeys, providers, mail, absences.
-- Names that people had before, so that what was recorded then shows the name of then, and nobody
-- else takes one: approvals are told apart by name. The event log refers to a change by its `id`.
CREATE TABLE former_names (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), name TEXT NOT NULL,
  name_key TEXT NOT NULL, changed_to TEXT NOT NULL, until INTEGER NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX former_names_by_user ON former_names (user, until);
CREATE INDEX former_names_by_key ON former_names (name_key);
-- Codes that stand in for a second factor that was lost, by their SHA-256. Each works once.
CREATE TABLE recovery_codes (
  hash TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id),
  made_at INTEGER NOT NULL, used_at INTEGER
) STRICT;
CREATE INDEX recovery_codes_by_user ON recovery_codes (user);
-- A second factor that a signed-in person sets up, until a code confirms it.
CREATE TABLE second_factor_changes (
  user TEXT PRIMARY KEY REFERENCES users (id), secret TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
-- Passkeys. `credential` is the authenticator's id; `fixed` and `state` are as the library encodes
-- them: the public key, and the signature counter with what else changes at a sign-in.
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), host TEXT NOT NULL,
  credential BLOB NOT NULL, transports INTEGER NOT NULL, name TEXT NOT NULL, fixed BLOB NOT NULL,
  state BLOB NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER,
  UNIQUE (host, credential)
) STRICT;
CREATE INDEX passkeys_by_user ON passkeys (user);
-- Accounts of the agency's identity provider. `account` is a name that an administrator entered;
-- the first sign-in binds it to `subject`, the provider's own id of a person. `managed` is 1 where
-- groups of the provider gave the account and its role.
CREATE TABLE provider_accounts (
  user TEXT PRIMARY KEY REFERENCES users (id), issuer TEXT NOT NULL, account TEXT NOT NULL,
  subject TEXT, managed INTEGER NOT NULL, linked_at INTEGER NOT NULL,
  UNIQUE (issuer, account), UNIQUE (issuer, subject)
) STRICT;
-- Where people get mail, and about what; what they know already; and messages that wait to be sent,
-- whose link is encrypted.
CREATE TABLE mail_choices (
  user TEXT PRIMARY KEY REFERENCES users (id), address TEXT NOT NULL, kinds TEXT NOT NULL
) STRICT;
CREATE TABLE mail_known (
  user TEXT NOT NULL REFERENCES users (id), key TEXT NOT NULL, PRIMARY KEY (user, key)
) STRICT;
CREATE TABLE mail_queue (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), kind TEXT NOT NULL,
  number TEXT NOT NULL, place TEXT NOT NULL, made_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL, sent_at INTEGER, given_up_at INTEGER, error TEXT
) STRICT;
CREATE INDEX mail_queue_waiting ON mail_queue (next_at) WHERE sent_at IS NULL;
-- Who stands in for whom, from the first to the last day.
CREATE TABLE absences (
  id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id),
  stand_in TEXT NOT NULL REFERENCES users (id), from_on TEXT NOT NULL, until_on TEXT NOT NULL,
  made_at INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX absences_by_user ON absences (user);
