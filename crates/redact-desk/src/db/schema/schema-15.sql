-- Releases whose review was reopened or sent back after they were made: the approvals that they
-- were rendered from were taken back, and none given until then is left.
CREATE VIEW reopened AS
  SELECT r.id AS release FROM releases r
  WHERE EXISTS (SELECT 1 FROM approvals a WHERE a.review = r.review AND a.revision = r.revision
      AND a.void = 1 AND a.at_nanos / 1000000 <= r.created_at)
    AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.review = r.review
      AND a.revision = r.revision AND a.void = 0 AND a.at_nanos / 1000000 <= r.created_at);
-- When a recording's first frame is, in microseconds on the clock that the recordings of its
-- request share; NULL: nobody placed it.
ALTER TABLE recordings ADD COLUMN on_clock_micros INTEGER;
