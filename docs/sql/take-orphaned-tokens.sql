-- Takes up to `limit` tokens that are to be revoked, and puts off the next try of each: a minute, then twice as long
-- each time, a day at most.
-- src/features/social/apple-token/queries.ts

WITH due AS (
  SELECT p.id FROM provider_tokens p WHERE p.identity_id IS NULL AND p.due_at <= now()
  ORDER BY p.due_at LIMIT $1::int FOR UPDATE SKIP LOCKED
)
UPDATE provider_tokens p SET attempts = p.attempts + 1,
  due_at = now() + least(interval '1 minute' * power(2, p.attempts), interval '1 day')
WHERE p.id = ANY (ARRAY(SELECT d.id FROM due d))
RETURNING p.id, p.provider, p.client_id AS "clientId", p.sealed, p.attempts;
