-- Replaces sealed secrets, if the row still has the one before.
-- src/features/two-factor/sealing/queries.ts

WITH held AS MATERIALIZED (
  SELECT f.id, r.after
  FROM factors f JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, before, after)
    ON r.id = f.id AND r.before = f.secret_sealed
  FOR NO KEY UPDATE OF f SKIP LOCKED
)
UPDATE factors f SET secret_sealed = h.after FROM held h WHERE f.id = h.id;
