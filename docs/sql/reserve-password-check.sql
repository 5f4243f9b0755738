-- Reserves a check of the caller's password, if the gates let the caller pass, and reads what it needs.
-- src/features/current-password/queries.ts

-- shape 1 of 3

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT c.bucket FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, NULL::text[] AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c WHERE c.refused_by IS NULL) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $5::int + 1
RETURNING t.bucket, t.count AS number;

-- step recordLock
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT c.user_id, c.session_id FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, NULL::text[] AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c JOIN login_attempts t ON t.bucket = c.bucket
  WHERE t.last_attempt_id = $12::uuid AND t.count > $13::int
    AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $14::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $15::uuid
)) e;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
    NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = $1::uuid AND e.at = now() AND e.operation_id = $2::uuid) e JOIN users u ON u.id = e.user_id) s;

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
      SELECT e.user_id, e.session_id FROM security_events e
      WHERE e.user_id = $17::uuid AND e.at = now() AND e.operation_id = $18::uuid) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $19::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT c.bucket, c.email, c.password_hash, c.refused_by, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $1::int) AS retry_after_seconds
FROM (
  SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
    u.email, u.password_hash, NULL::text[] AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c;

-- shape 2 of 3

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT c.bucket FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE true END) THEN ARRAY[$4::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $5 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($6::text[])) THEN $7 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $8 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c WHERE c.refused_by IS NULL) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $11::int + 1
RETURNING t.bucket, t.count AS number;

-- step recordLock
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT c.user_id, c.session_id FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $10::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE true END) THEN ARRAY[$11::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $12 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($13::text[])) THEN $14 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $15 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $16::uuid AND s.user_id = $17::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c JOIN login_attempts t ON t.bucket = c.bucket
  WHERE t.last_attempt_id = $18::uuid AND t.count > $19::int
    AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $20::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $21::uuid
)) e;

-- step holdRecipient: as in shape 1

-- step tellOwner: as in shape 1

-- step answer
SELECT c.bucket, c.email, c.password_hash, c.refused_by, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $1::int) AS retry_after_seconds
FROM (
  SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
    u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      THEN coalesce(s.second_factor_at > now() - make_interval(secs => $2::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
      ELSE true END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $8::uuid AND s.user_id = $9::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c;

-- shape 3 of 3

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT c.bucket FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $3::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE true END) THEN ARRAY[$4::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $5 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($6::text[])) THEN $7 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $8 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$9::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c WHERE c.refused_by IS NULL) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $12::int + 1
RETURNING t.bucket, t.count AS number;

-- step recordLock
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT c.user_id, c.session_id FROM (
    SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
      u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $10::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE true END) THEN ARRAY[$11::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $12 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($13::text[])) THEN $14 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $15 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$16::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $17::uuid AND s.user_id = $18::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c JOIN login_attempts t ON t.bucket = c.bucket
  WHERE t.last_attempt_id = $19::uuid AND t.count > $20::int
    AND NOT EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $21::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $22::uuid
)) e;

-- step holdRecipient: as in shape 1

-- step tellOwner: as in shape 1

-- step answer
SELECT c.bucket, c.email, c.password_hash, c.refused_by, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $1::int) AS retry_after_seconds
FROM (
  SELECT s.user_id, s.id AS session_id, coalesce(u.address_key, 'user:' || u.id) || ':' || coalesce(coalesce(s.device_id, s.id)::text, 'world') AS bucket,
    u.email, u.password_hash, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      THEN coalesce(s.second_factor_at > now() - make_interval(secs => $2::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
      ELSE true END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$8::text] END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $9::uuid AND s.user_id = $10::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c;
