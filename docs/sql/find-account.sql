-- Reads the account again for a reserved attempt.
-- src/features/password/queries.ts

SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $1::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $2::boolean AND false THEN 'challenge'
  ELSE 'session' END AS verdict FROM users u WHERE (lower(u.email) = ANY ($3::text[]) OR u.address_key = ANY ($4::text[]))
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($5::text[], lower(u.email)) NULLS LAST LIMIT 1;
