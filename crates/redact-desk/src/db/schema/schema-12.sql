-- A version of the program made this without counting it: some databases have it already.
-- What people write about a review: comments, why it was sent back or reopened, and that it is
-- ready to be approved again.
CREATE TABLE IF NOT EXISTS review_comments (
  id INTEGER PRIMARY KEY, review TEXT NOT NULL REFERENCES reviews (id),
  revision INTEGER NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
  at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, item TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS review_comments_by_review ON review_comments (review, id);
