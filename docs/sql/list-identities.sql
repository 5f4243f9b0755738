-- Lists the caller's identities, oldest first.
-- src/features/social/identities/queries.ts

SELECT i.provider, i.email, i.created_at
FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c LEFT JOIN identities i ON i.user_id = c.user_id
ORDER BY i.created_at, i.id;
