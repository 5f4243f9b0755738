-- Counts the secrets that are sealed in this way.
-- src/features/two-factor/sealing/queries.ts

SELECT count(*)::int AS count FROM factors f WHERE f.secret_sealed >= $1 AND f.secret_sealed < $2;
