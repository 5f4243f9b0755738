-- Finds who is signed in, and their identities, oldest first.
-- src/features/social/dev-page/queries.ts

SELECT c.email, c.name, i.provider, i.email AS identity_email, i.created_at AS linked_at
FROM (SELECT u.id, u.email, u.name FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c LEFT JOIN identities i ON i.user_id = c.id
ORDER BY i.created_at, i.id;
