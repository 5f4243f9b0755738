-- Replaces sealed tokens, if the row still has the one before.
-- src/features/social/apple-token/queries.ts

WITH held AS MATERIALIZED (
  SELECT x.id, r.after
  FROM provider_tokens x JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, before, after)
    ON r.id = x.id AND r.before = x.sealed
  FOR NO KEY UPDATE OF x SKIP LOCKED
)
UPDATE provider_tokens x SET sealed = h.after FROM held h WHERE x.id = h.id;
