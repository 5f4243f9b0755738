-- Finds out whether the caller can authenticate again at a provider.
-- src/features/social/reauthentication/queries.ts

SELECT EXISTS (SELECT FROM identities i WHERE i.user_id = s.user_id AND i.provider = $1) AS is_linked,
  s.cookie_counter IS NOT NULL AS has_cookies
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
