-- Finds the caller's secret that waits for its first code.
-- src/features/two-factor/setup/queries.ts

-- shape 1 of 2

SELECT c.*, $1 || c.user_id || ':' || coalesce(c.counted_device_id::text, 'world') AS bucket, f.id, f.secret_sealed AS secret
FROM (
  SELECT s.user_id, coalesce(s.device_id, s.id) AS device_id, coalesce((
      SELECT d.device_id::text FROM second_factor_devices d
      WHERE d.user_id = s.user_id AND d.device_id = (coalesce(s.device_id, s.id))::uuid AND d.completed_at IS NOT NULL), $2) AS counted_device_id,
    CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
      ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END) THEN ARRAY[$5::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $6 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($7::text[])) THEN $8 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $9 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL
) c
LEFT JOIN factors f ON f.user_id = c.user_id AND f.added_at IS NULL AND f.created_at > now() - make_interval(secs => $12::int);

-- shape 2 of 2

SELECT c.*, $1 || c.user_id || ':' || coalesce(c.counted_device_id::text, 'world') AS bucket, f.id, f.secret_sealed AS secret
FROM (
  SELECT s.user_id, coalesce(s.device_id, s.id) AS device_id, coalesce((
      SELECT d.device_id::text FROM second_factor_devices d
      WHERE d.user_id = s.user_id AND d.device_id = (coalesce(s.device_id, s.id))::uuid AND d.completed_at IS NOT NULL), $2) AS counted_device_id,
    CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
      ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END) THEN ARRAY[$5::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $6 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($7::text[])) THEN $8 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $9 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$10::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $11::uuid AND s.user_id = $12::uuid AND s.expires_at > now() AND u.banned_at IS NULL
) c
LEFT JOIN factors f ON f.user_id = c.user_id AND f.added_at IS NULL AND f.created_at > now() - make_interval(secs => $13::int);
