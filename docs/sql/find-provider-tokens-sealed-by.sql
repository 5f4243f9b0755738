-- Finds up to `limit` tokens that are sealed in this way.
-- src/features/social/apple-token/queries.ts

SELECT p.id, p.sealed FROM provider_tokens p WHERE p.sealed >= $1 AND p.sealed < $2 LIMIT $3::int;
