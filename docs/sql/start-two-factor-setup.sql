-- Stores a new secret of the caller, in the place of an earlier one that was not confirmed: what is turned on stays as
-- it is (OTP-06).
-- src/features/two-factor/setup/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step judge
SELECT u.email, ($1::boolean AND u.email_verified_at IS NULL) AS is_unverified, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $2::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $3::int) END) THEN ARRAY[$4::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $5 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($6::text[])) THEN $7 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $8 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step dropEarlier
DELETE FROM factors f USING (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END)) AND NOT ($5::boolean AND u.email_verified_at IS NULL)) a
WHERE f.user_id = a.user_id AND f.added_at IS NULL AND f.id <> $6::uuid;

-- step store
INSERT INTO factors (id, user_id, kind, name, secret_sealed)
SELECT $1::uuid, a.user_id, 'totp', $2, $3 FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $6::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $7::int) END)) AND NOT ($8::boolean AND u.email_verified_at IS NULL)) a
ON CONFLICT (id) DO NOTHING;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step judge
SELECT u.email, ($1::boolean AND u.email_verified_at IS NULL) AS is_unverified, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $2::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $3::int) END) THEN ARRAY[$4::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $5 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($6::text[])) THEN $7 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $8 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$9::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step dropEarlier
DELETE FROM factors f USING (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END) AND false) AND NOT ($5::boolean AND u.email_verified_at IS NULL)) a
WHERE f.user_id = a.user_id AND f.added_at IS NULL AND f.id <> $6::uuid;

-- step store
INSERT INTO factors (id, user_id, kind, name, secret_sealed)
SELECT $1::uuid, a.user_id, 'totp', $2, $3 FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $6::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $7::int) END) AND false) AND NOT ($8::boolean AND u.email_verified_at IS NULL)) a
ON CONFLICT (id) DO NOTHING;
