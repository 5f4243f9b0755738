-- Deletes up to `limit` expired sessions in one statement.
-- src/features/sessions/queries.ts

WITH due AS (
  SELECT s.id FROM sessions s WHERE s.expires_at <= now()
  ORDER BY s.expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING s.id
)
SELECT count(*)::int AS deleted FROM deleted;
