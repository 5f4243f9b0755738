-- What the gates say of a caller.
-- src/features/reauthentication/queries.ts

SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $8::uuid AND s.user_id = $9::uuid AND s.expires_at > now() AND u.banned_at IS NULL;
