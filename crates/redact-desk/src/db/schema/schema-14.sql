-- A practice request: whose it is, and when that person removed it. It has the sample recording, is
-- seen by its owner alone, and counts nowhere.
ALTER TABLE requests ADD COLUMN practice TEXT REFERENCES users (id);
ALTER TABLE requests ADD COLUMN practice_removed_at INTEGER;
-- Nobody needs an approver to practice: there, everybody's approval counts as one of an approver.
DROP VIEW approved;
CREATE VIEW approved AS
  SELECT a.review AS review,
    max(a.role = 'approver' OR q.practice IS NOT NULL) = 1 AND (
      json_extract(p.policy, '$.second_person') = 0 OR count(DISTINCT a.user) > 1
    ) AS whole
  FROM approvals a JOIN reviews r ON r.id = a.review AND r.revision = a.revision
  JOIN policies p ON p.digest = r.policy
  JOIN recordings c ON c.id = r.recording JOIN requests q ON q.id = c.request
  WHERE a.void = 0 GROUP BY a.review;
