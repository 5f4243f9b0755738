-- Forgets tokens that are revoked, or given up.
-- src/features/social/apple-token/queries.ts

DELETE FROM provider_tokens p WHERE p.id = ANY ($1::uuid[]);
