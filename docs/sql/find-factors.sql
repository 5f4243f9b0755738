-- Returns the caller's second factors, oldest first.
-- src/features/two-factor/list/queries.ts

SELECT f.id, f.kind, f.name, f.added_at, f.last_used_at,
  (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = c.user_id AND b.used_at IS NULL) AS backup_codes_left
FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c
LEFT JOIN factors f ON f.user_id = c.user_id AND f.added_at IS NOT NULL
ORDER BY f.added_at, f.id;
