-- Verifies the address of an account whose password was correct, and begins a session, or issues a challenge where a
-- second factor must follow; at the first verification all others end.
-- src/features/email-verification/verify/queries.ts

-- shape 1 of 4

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $2::uuid AND u.banned_at IS NULL AND u.password_hash = $3 AND u.email = $4
    AND EXISTS (SELECT FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_at IS NULL AND t.expires_at > now() AND t.email = u.email)) h
WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step verify
UPDATE users u SET email_verified_at = now(), updated_at = now()
FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o WHERE u.id = o.user_id AND u.email_verified_at IS NULL
RETURNING u.id AS user_id;

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o) AND s.id IS DISTINCT FROM $4::uuid  ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT u.id AS user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o);

-- step settleProof
WITH dropped AS (
  DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
      SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t
          WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) p) FOR UPDATE SKIP LOCKED))
  RETURNING r.id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
  $8::uuid, $9::uuid, $10::inet, $11::text,
  $12::jsonb
FROM (SELECT o.user_id, $13::uuid AS session_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid AND t.spent_at = now()) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o) e;

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
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $11 AND EXISTS (SELECT 1 FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $12::uuid AND s.created_at = now()) o) RETURNING t.bucket),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $13::uuid AND s.created_at = now()) o) AND x.expires_at > now() AND x.id <> $14::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $15::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
  $20::uuid, $21::uuid, $22::inet, $23::text,
  $24::jsonb
FROM evicted e;

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
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $10 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $11, $12, $13::text, $14::text, e.user_id, e.session_id,
  $15::uuid, $16::uuid, $17::inet, $18::text,
  $19::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c);

-- shape 2 of 4

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step verify: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step settleProof: as in shape 1

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
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $18)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $4)) THEN 'challenge' ELSE 'session' END = 'challenge'
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
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $11 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
  $16::uuid, $17::uuid, $18::inet, $19::text,
  $20::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $2) THEN $3::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c);

-- shape 3 of 4

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step verify: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step settleProof: as in shape 1

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

-- step settle: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'challenge'
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
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $10 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $11, $12, $13::text, $14::text, e.user_id, e.session_id,
  $15::uuid, $16::uuid, $17::inet, $18::text,
  $19::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c);

-- shape 4 of 4

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step verify: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step settleProof: as in shape 1

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

-- step settle: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
        SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($4::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END = 'challenge'
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
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $11 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
  $16::uuid, $17::uuid, $18::inet, $19::text,
  $20::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

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
