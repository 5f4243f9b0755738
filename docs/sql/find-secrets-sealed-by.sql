-- Finds up to `limit` secrets that are sealed in this way.
-- src/features/two-factor/sealing/queries.ts

SELECT f.id, f.user_id, f.secret_sealed FROM factors f WHERE f.secret_sealed >= $1 AND f.secret_sealed < $2 LIMIT $3::int;
