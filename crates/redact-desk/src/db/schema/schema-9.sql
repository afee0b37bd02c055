-- Packages: releases of one request for one recipient. The profile and the request that a package
-- is made by are files in its folder. `recipients` are public age keys, as JSON; a passphrase is
-- never stored.
CREATE TABLE packages (
  id TEXT PRIMARY KEY, request TEXT NOT NULL REFERENCES requests (id), profile TEXT NOT NULL,
  title TEXT NOT NULL, form TEXT NOT NULL, encryption TEXT NOT NULL, recipients TEXT NOT NULL,
  sealed INTEGER NOT NULL, wants_verifier INTEGER NOT NULL, dated TEXT NOT NULL,
  state TEXT NOT NULL, by TEXT NOT NULL, created_at INTEGER NOT NULL, made_at INTEGER,
  bytes INTEGER, sha256 TEXT, manifest_sha256 TEXT, has_verifier INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX packages_by_request ON packages (request, created_at);
-- The releases of a package in the order of their exhibits; `files`, once it is made: kind and
-- SHA-256, as in `copies`.
CREATE TABLE package_releases (
  package TEXT NOT NULL REFERENCES packages (id), number INTEGER NOT NULL,
  release TEXT NOT NULL REFERENCES releases (id), files TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (package, number)
) STRICT;
CREATE INDEX package_releases_by_release ON package_releases (release);
CREATE TABLE package_copies (
  id TEXT PRIMARY KEY, package TEXT NOT NULL REFERENCES packages (id), at INTEGER NOT NULL,
  by TEXT NOT NULL, recipient TEXT NOT NULL, medium TEXT NOT NULL, note TEXT NOT NULL,
  sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX package_copies_by_package ON package_copies (package);
-- Every copy of a release that somebody received, by itself or in a package.
CREATE VIEW received AS
  SELECT id, release, at, by, recipient, medium, note, files, NULL AS package FROM copies
  UNION ALL
  SELECT c.id, r.release, c.at, c.by, c.recipient, c.medium, c.note, r.files, c.package
    FROM package_copies c JOIN package_releases r ON r.package = c.package;
ALTER TABLE jobs ADD COLUMN package TEXT;
CREATE INDEX jobs_by_package ON jobs (package);
