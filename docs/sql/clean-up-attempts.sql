-- Deletes up to `limit` expired buckets in one statement.
-- src/rate-limit/queries.ts

WITH due AS (
  SELECT t.bucket FROM login_attempts t WHERE t.window_ends_at <= now()
  ORDER BY t.window_ends_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM login_attempts t WHERE t.bucket = ANY (ARRAY(SELECT d.bucket FROM due d)) RETURNING t.bucket
)
SELECT count(*)::int AS deleted FROM deleted;
