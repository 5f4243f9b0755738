-- Redeems a code, and begins the session or issues the challenge.
-- src/features/social/exchange/queries.ts

-- shape 1 of 7

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (SELECT u.id AS user_id FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND t.challenge->>'codeChallenge' = $4) h
WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $4 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $5::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($6::text, 'hex'), $7, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $8::int), $9::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $10, $11, $12::text, $13::text, e.user_id, e.session_id,
  $14::uuid, $15::uuid, $16::inet, $17::text,
  $18::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c);

-- shape 2 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $4)) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $5 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $6::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($7::text, 'hex'), $8, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $9::int), $10::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $11, $12, $13::text, $14::text, e.user_id, e.session_id,
  $15::uuid, $16::uuid, $17::inet, $18::text,
  $19::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $2) THEN $3::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c);

-- shape 3 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle
WITH recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
    $5::uuid, $6::uuid, $7::inet, $8::text,
    $9::jsonb
  FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $10::uuid AND s.created_at = now()) e ),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $11::uuid AND s.created_at = now()) o) AND x.expires_at > now() AND x.id <> $12::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $13::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM evicted e;

-- step answer: as in shape 1

-- shape 4 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 3

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c);

-- shape 5 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step beginSession: as in shape 3

-- step settle: as in shape 3

-- step queueNewDeviceMail
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $11 AND o.created_at > now() - make_interval(secs => $12::int)) < $13::int
        AND count(*) FILTER (WHERE o.kind = $14)
        < CASE WHEN s.is_verified THEN $15::int ELSE $16::int END
        AND (s.is_verified OR count(*) < $17::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $18::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id <> $19::uuid)) THEN s.recipient::text END AS recipient
  FROM (SELECT r.* FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
        NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $20::uuid AND s.created_at = now()) e JOIN users u ON u.id = e.user_id) r WHERE r.recipient = ANY ($21::text[])) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step issueNotMeLink
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer: as in shape 1

-- shape 6 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $18)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 3

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step answer: as in shape 2

-- shape 7 of 7

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($18::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 3

-- step noteTrustUsed
UPDATE trusted_devices d SET last_used_at = now() FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.created_at = now()) o
WHERE d.id = ANY ($2::uuid[]) AND d.user_id = o.user_id AND d.expires_at > now();

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($1::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
    SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($2::uuid[]) AND d.expires_at > now())) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $3::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c);
