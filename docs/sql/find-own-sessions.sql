-- Returns the caller's live sessions including the calling one, most recently active first.
-- src/features/sessions/own-sessions/queries.ts

WITH caller AS (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
SELECT o.id AS session_id, o.created_at AS session_created_at, o.last_active_at, o.absolute_expires_at,
  o.ip_address, o.location, o.device, o.method FROM caller c JOIN sessions o ON o.user_id = c.user_id
WHERE o.expires_at > now()
ORDER BY o.last_active_at DESC, o.id;
