-- Replaces the backup codes of the caller: the earlier set is dead.
-- src/features/two-factor/backup-codes/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step judge
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by, ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) AS is_enabled FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $8::uuid AND s.user_id = $9::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step store
WITH dropped AS (
  DELETE FROM backup_codes b USING (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
          THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
          ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END)) AND ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      AND NOT EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $5::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $6::uuid
        AND e.type = $7)) o
  WHERE b.user_id = o.user_id AND b.code_hash NOT IN (SELECT c.code_hash FROM (SELECT decode(h, 'hex') AS code_hash FROM unnest($8::text[]) h) c)
)
INSERT INTO backup_codes (user_id, code_hash) SELECT o.user_id, c.code_hash FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $11::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $12::int) END)) AND ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $13::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $14::uuid
      AND e.type = $15)) o, (SELECT decode(h, 'hex') AS code_hash FROM unnest($16::text[]) h) c
ON CONFLICT (user_id, code_hash) DO NOTHING;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT b.user_id, $10::uuid AS session_id FROM backup_codes b
  WHERE b.user_id = $11::uuid AND b.code_hash = decode($12::text, 'hex') AND b.created_at = now()) e;

-- step tellOwner
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT b.user_id, $17::uuid AS session_id FROM backup_codes b
      WHERE b.user_id = $18::uuid AND b.code_hash = decode($19::text, 'hex') AND b.created_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $20::boolean OR r.recipient IS NOT NULL;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step judge
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$8::text] END AS refused_by, ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) AS is_enabled FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step store
WITH dropped AS (
  DELETE FROM backup_codes b USING (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
          THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
          ELSE s.authenticated_at > now() - make_interval(secs => $4::int) END) AND false) AND ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      AND NOT EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $5::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $6::uuid
        AND e.type = $7)) o
  WHERE b.user_id = o.user_id AND b.code_hash NOT IN (SELECT c.code_hash FROM (SELECT decode(h, 'hex') AS code_hash FROM unnest($8::text[]) h) c)
)
INSERT INTO backup_codes (user_id, code_hash) SELECT o.user_id, c.code_hash FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $11::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $12::int) END) AND false) AND ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $13::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $14::uuid
      AND e.type = $15)) o, (SELECT decode(h, 'hex') AS code_hash FROM unnest($16::text[]) h) c
ON CONFLICT (user_id, code_hash) DO NOTHING;

-- step record: as in shape 1

-- step tellOwner: as in shape 1
