-- Deletes up to `limit` expired tokens, consumed or not, in one statement.
-- src/features/one-time-tokens/queries.ts

WITH due AS (
  SELECT t.token_hash FROM one_time_tokens t WHERE t.expires_at <= now()
  ORDER BY t.expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED
),
deleted AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash = ANY (ARRAY(SELECT d.token_hash FROM due d)) RETURNING 1
)
SELECT count(*)::int AS deleted FROM deleted;
