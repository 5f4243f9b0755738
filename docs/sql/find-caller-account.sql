-- Returns the caller's account without counting anything.
-- src/features/password/current-password/queries.ts

SELECT u.email, u.password_hash, s.authenticated_at > now() - make_interval(secs => $1::int) AS is_recent FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
