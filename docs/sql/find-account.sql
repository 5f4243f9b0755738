-- Reads the account again for a reserved attempt.
-- src/features/password/queries.ts

-- shape 1 of 2

SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) NULLS LAST LIMIT 1;

-- shape 2 of 2

SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($1::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END AS verdict FROM users u WHERE (lower(u.email) = ANY ($2::text[]) OR u.address_key = ANY ($3::text[]))
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($4::text[], lower(u.email)) NULLS LAST LIMIT 1;
