-- Changes the caller's profile.
-- src/features/account/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step keepSession
SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step update
WITH caller AS (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL),
updated AS (
  UPDATE users u SET
    name = coalesce($3::text, u.name),
    locale = coalesce($4::text, u.locale),
    updated_at = now()
  FROM caller o WHERE u.id = o.user_id
  RETURNING u.id, u.email, u.name, u.password_hash, u.email_verified_at, u.two_factor_since, u.created_at, u.updated_at)
SELECT updated.id AS user_id, updated.email, updated.name, updated.email_verified_at IS NOT NULL AS email_verified,
  updated.two_factor_since IS NOT NULL AS two_factor_enabled, updated.password_hash IS NOT NULL AS has_password, updated.created_at AS user_created_at, updated.updated_at AS user_updated_at FROM updated;
