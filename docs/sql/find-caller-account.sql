-- Returns the caller's account without counting anything.
-- src/features/current-password/queries.ts

-- shape 1 of 3

SELECT u.email, u.password_hash, NULL::text AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- shape 2 of 3

SELECT u.email, u.password_hash, CASE WHEN u.password_hash IS NULL THEN CASE WHEN NOT s.authenticated_at > now() - make_interval(secs => $1::int) THEN $2::text END ELSE NULL::text END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- shape 3 of 3

SELECT u.email, u.password_hash, CASE WHEN u.password_hash IS NULL THEN CASE WHEN NOT s.authenticated_at > now() - make_interval(secs => $1::int) THEN $2::text WHEN NOT false THEN $3::text END ELSE CASE WHEN NOT false THEN $4::text END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $5::uuid AND s.user_id = $6::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
