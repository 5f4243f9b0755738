-- Whether the session of a caller is live.
-- src/features/sessions/queries.ts

SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
