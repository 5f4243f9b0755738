-- Deletes up to `limit` events after their retention, in one statement.
-- src/features/security-events/queries.ts

WITH due AS (
  SELECT e.id FROM security_events e WHERE e.at <= now() - make_interval(days => $1::int)
  ORDER BY e.at LIMIT $2::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM security_events e WHERE e.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING e.id
)
SELECT count(*)::int AS deleted FROM deleted;
