-- Deletes up to `limit` expired pending registrations in one statement (CRN-05).
-- src/features/pending-registrations/queries.ts

WITH due AS (
  SELECT r.id FROM registration_attempts r WHERE r.expires_at <= now()
  ORDER BY r.expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING 1
)
SELECT count(*)::int AS deleted FROM deleted;
