-- Makes the address keys of up to `limit` accounts that have none, or one of an earlier root: those of the earlier
-- system, and all of them while AUTH_SECRET is being rotated.
-- src/features/addresses/queries.ts

WITH held AS MATERIALIZED (
  SELECT u.id, k.key FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k (user_id, email, key)
  JOIN users u ON u.id = k.user_id AND u.email = k.email
  ORDER BY u.id FOR NO KEY UPDATE OF u SKIP LOCKED
)
UPDATE users u SET address_key = h.key FROM held h WHERE u.id = h.id;
