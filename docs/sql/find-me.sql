-- Returns the caller and their current session.
-- src/features/account/queries.ts

SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, s.id AS session_id, s.created_at AS session_created_at, s.last_active_at, s.absolute_expires_at,
  s.ip_address, s.location, s.device, s.method FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
