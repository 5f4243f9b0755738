-- Counts the tokens that are sealed in this way.
-- src/features/social/apple-token/queries.ts

SELECT count(*)::int AS count FROM provider_tokens p WHERE p.sealed >= $1 AND p.sealed < $2;
