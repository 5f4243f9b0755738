-- Returns the devices that the caller trusts, latest use first.
-- src/features/trusted-devices/queries.ts

SELECT d.id, d.device, d.location, d.created_at, d.last_used_at, d.expires_at
FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c
LEFT JOIN trusted_devices d ON d.user_id = c.user_id AND d.expires_at > now()
ORDER BY d.last_used_at DESC, d.id;
