-- Deletes up to `limit` setups of which the first code never came, in one statement.
-- src/features/two-factor/sealing/queries.ts

WITH due AS (
  SELECT f.id FROM factors f WHERE f.added_at IS NULL AND f.created_at <= now() - interval '1 hour'
  ORDER BY f.created_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM factors f WHERE f.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING f.id
)
SELECT count(*)::int AS deleted FROM deleted;
