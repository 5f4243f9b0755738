-- Reads the account again for a reserved attempt.
-- src/features/password/queries.ts

SELECT u.id, u.password_hash, u.banned_at IS NOT NULL AS is_banned, (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_unverified
FROM users u WHERE lower(u.email) = ANY ($1::text[])
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($2::text[], lower(u.email)) LIMIT 1;
