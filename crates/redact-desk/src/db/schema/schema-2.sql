-- What approvals are signed with: one key per person, its private half encrypted with the person's
-- password, gone once the key is retired. The public half stays, for what it signed.
CREATE TABLE keys (
  id INTEGER PRIMARY KEY, user TEXT NOT NULL REFERENCES users (id), public TEXT NOT NULL UNIQUE,
  sealed BLOB, made_at INTEGER NOT NULL, retired_at INTEGER
) STRICT;
CREATE UNIQUE INDEX keys_in_use ON keys (user) WHERE retired_at IS NULL;
ALTER TABLE approvals ADD COLUMN signature TEXT;
-- The release that a release takes the place of, and why.
ALTER TABLE releases ADD COLUMN replaces TEXT REFERENCES releases (id);
ALTER TABLE releases ADD COLUMN why TEXT NOT NULL DEFAULT '';
CREATE INDEX releases_by_replaced ON releases (replaces);
