-- Turns a pending registration whose password was correct into an account and begins its session: a new account, or the
-- existing one with this unverified address, of which only the id stays.
-- src/features/email-verification/confirm-registration/queries.ts

-- shape 1 of 3

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[])) ORDER BY u.id FOR NO KEY UPDATE;

-- step holdRegistrations
SELECT r.id FROM registration_attempts r WHERE r.email = $1 ORDER BY r.id FOR UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT r.id AS user_id FROM registration_attempts r
  WHERE r.id = $2::uuid AND r.expires_at > now()
    AND CASE
    WHEN $3 = $4::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($5::text[]) OR x.address_key = ANY ($6::text[])) AND x.id IS DISTINCT FROM $7::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($8::text[]) OR t.target_key = ANY ($9::text[]))
      AND t.owner_id IS DISTINCT FROM $10::uuid
      AND NOT ($11::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($12::text[]) OR x.address_key = ANY ($13::text[])) AND x.id IS DISTINCT FROM $14::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($15::text[]) OR x.address_key = ANY ($16::text[]))) THEN 'own'
    ELSE 'free' END IN ('free', 'open')) h
WHERE t.token_hash = decode($17::text, 'hex') AND t.kind = $18 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step claim
WITH proved AS (
  SELECT r.name, r.locale, r.password_hash FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN registration_attempts r ON r.id = c.user_id
),
open AS (SELECT x.id AS user_id FROM users x WHERE (lower(x.email) = ANY ($4::text[]) OR x.address_key = ANY ($5::text[])) AND ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL) ORDER BY x.created_at, x.id LIMIT 1),
taken_over AS (
  UPDATE users u SET name = s.name, locale = s.locale, password_hash = s.password_hash, email_verified_at = now(),
    updated_at = now()
  FROM open o, proved s WHERE u.id = o.user_id
  RETURNING u.id AS user_id)
INSERT INTO users (id, email, address_key, name, password_hash, locale, email_verified_at)
SELECT $6::uuid, $7::text, $8::text, s.name, s.password_hash, s.locale, now() FROM (SELECT p.* FROM proved p WHERE NOT EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($9::text[]) OR x.address_key = ANY ($10::text[])))) s
ON CONFLICT DO NOTHING
RETURNING id AS user_id;

-- step endPassword
UPDATE users u SET device_generation = u.device_generation + 1, updated_at = now() WHERE u.id = (SELECT o.user_id FROM (SELECT p.* FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) o);

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (SELECT p.* FROM (
        SELECT u.id AS user_id FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
        WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) o) AND s.id IS DISTINCT FROM $7::uuid  ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $8, $9, $10::text, $11::text, e.user_id, e.session_id,
    $12::uuid, $13::uuid, $14::inet, $15::text,
    $16::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT p.* FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($7::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT p.* FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, NULL::timestamptz AS since FROM (SELECT p.* FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) c),
bare AS (
  SELECT o.user_id FROM o WHERE NOT EXISTS (
    SELECT FROM factors f WHERE f.user_id = o.user_id AND f.added_at IS NOT NULL AND NOT true)
),
ended_factors AS (DELETE FROM factors f USING o WHERE f.user_id = o.user_id AND true),
ended_codes AS (
  DELETE FROM backup_codes b USING o
  WHERE b.user_id = o.user_id AND (true OR EXISTS (SELECT FROM bare))
),
cancelled AS (
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $7::boolean AND NOT EXISTS (SELECT FROM bare)) o
  WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
  RETURNING u.id AS user_id)
UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
FROM bare o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL;

-- step endIdentities
WITH ended AS (
  DELETE FROM identities i USING (SELECT p.* FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p WHERE p.user_id <> $6::uuid) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND true
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step forgetCounters
DELETE FROM login_attempts t USING (SELECT unnest(ARRAY['user:' || o.user_id, $1 || o.user_id,
      $2 || o.user_id]) AS name FROM (SELECT p.* FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_by = $5::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($6::text[]) OR u.address_key = ANY ($7::text[]))) p WHERE p.user_id <> $8::uuid) o) n
WHERE t.bucket >= n.name || ':' AND t.bucket < n.name || ';'
RETURNING t.bucket;

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
FROM ((
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($18::text[]) OR u.address_key = ANY ($19::text[])))) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle
WITH proved AS (
  SELECT p.user_id, b.session_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))) p LEFT JOIN (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $6::uuid AND s.created_at = now()) b ON b.user_id = p.user_id
),
dropped AS (
  DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
      SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t
          WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.spent_by = $9::uuid AND t.spent_at = now()) p) FOR UPDATE SKIP LOCKED))
  RETURNING r.id),
created AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $10, $11, $12::text, $13::text, e.user_id, e.session_id,
    $14::uuid, $15::uuid, $16::inet, $17::text,
    $18::jsonb
  FROM (SELECT p.* FROM proved p WHERE p.user_id = $19::uuid) e ),
verified AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $20, $21, $22::text, $23::text, e.user_id, e.session_id,
    $24::uuid, $25::uuid, $26::inet, $27::text,
    $28::jsonb
  FROM proved e ),
signed_in AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $29, $30, $31::text, $32::text, e.user_id, e.session_id,
    $33::uuid, $34::uuid, $35::inet, $36::text,
    $37::jsonb
  FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $38::uuid AND s.created_at = now()) e )
DELETE FROM login_attempts t WHERE t.bucket = $39 AND EXISTS (SELECT 1 FROM proved o) RETURNING t.bucket;

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM ((
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[])))) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $6 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $7::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($8::text, 'hex'), $9, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $10::int), $11::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $12 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
  $17::uuid, $18::uuid, $19::inet, $20::text,
  $21::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT p.user_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($5::text[]) OR u.address_key = ANY ($6::text[]))) p);

-- shape 2 of 3

-- step holdUser: as in shape 1

-- step holdRegistrations: as in shape 1

-- step consume: as in shape 1

-- step claim: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step forgetCounters: as in shape 1

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
FROM ((
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($18::text[]) OR u.address_key = ANY ($19::text[])))) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM ((
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[])))) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $6 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $7::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($8::text, 'hex'), $9, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $10::int), $11::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $12 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
  $17::uuid, $18::uuid, $19::inet, $20::text,
  $21::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id
WHERE u.id = (SELECT p.user_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($5::text[]) OR u.address_key = ANY ($6::text[]))) p);

-- shape 3 of 3

-- step holdUser: as in shape 1

-- step holdRegistrations: as in shape 1

-- step consume: as in shape 1

-- step claim: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step forgetCounters: as in shape 1

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
FROM ((
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($18::text[]) OR u.address_key = ANY ($19::text[])))) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $20)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM ((
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t
        WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) c JOIN users u ON u.email_verified_at = c.consumed_at
      WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[])))) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $6)) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $7 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $8::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($9::text, 'hex'), $10, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $11::int), $12::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $13 AND EXISTS (SELECT 1 FROM issued o) RETURNING t.bucket)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $2) THEN $3::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
WHERE u.id = (SELECT p.user_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c JOIN users u ON u.email_verified_at = c.consumed_at
    WHERE (lower(u.email) = ANY ($8::text[]) OR u.address_key = ANY ($9::text[]))) p);
