-- Replaces sealed secrets, if the row still has the one before.
-- src/features/two-factor/sealing/queries.ts

WITH held AS MATERIALIZED (
  SELECT x.id, r.after
  FROM factors x JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, before, after)
    ON r.id = x.id AND r.before = x.secret_sealed
  FOR NO KEY UPDATE OF x SKIP LOCKED
)
UPDATE factors x SET secret_sealed = h.after FROM held h WHERE x.id = h.id;
