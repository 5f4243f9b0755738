-- Gives the unverified account of an address to whoever a trusted provider vouches for: its id stays, and nothing that
-- was added before, neither password, sessions nor factors (LNK-01).
-- src/features/social/sign-in/take-over/queries.ts

-- shape 1 of 3

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[])) ORDER BY u.id FOR NO KEY UPDATE;

-- step holdRegistrations
SELECT r.id FROM registration_attempts r WHERE r.email = $1 ORDER BY r.id FOR UPDATE;

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

-- step claim
WITH profile AS (SELECT $1::text AS name, $2::text AS locale, NULL::text AS password_hash),
open AS (
  SELECT x.id AS user_id FROM users x
  WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_by = $5::uuid) c) AND (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)
    AND CASE
    WHEN $8 = $9::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($10::text[]) OR x.address_key = ANY ($11::text[])) AND x.id IS DISTINCT FROM $12::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($13::text[]) OR t.target_key = ANY ($14::text[]))
      AND t.owner_id IS DISTINCT FROM $15::uuid
      AND NOT ($16::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($17::text[]) OR x.address_key = ANY ($18::text[])) AND x.id IS DISTINCT FROM $19::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[]))) THEN 'own'
    ELSE 'free' END = 'open'
    AND NOT EXISTS (SELECT FROM identities i WHERE i.issuer = $22 AND i.subject = $23 AND i.user_id <> x.id)
  ORDER BY x.created_at, x.id LIMIT 1
)
UPDATE users u SET name = s.name, locale = s.locale, password_hash = s.password_hash, email_verified_at = now(),
  updated_at = now()
FROM open o, profile s WHERE u.id = o.user_id
RETURNING u.id AS user_id;

-- step endPassword
UPDATE users u SET device_generation = u.device_generation + 1, updated_at = now() WHERE u.id = (SELECT o.user_id FROM (
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) o);

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (SELECT p.user_id FROM (
        SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
        WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) p UNION SELECT o.user_id FROM (
        SELECT i.user_id FROM identities i WHERE i.id = $3::uuid AND i.added_by = $4::uuid) o) o) AND s.id IS DISTINCT FROM $5::uuid  ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::uuid, $12::inet, $13::text,
    $14::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT p.user_id FROM (
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) p UNION SELECT o.user_id FROM (
    SELECT i.user_id FROM identities i WHERE i.id = $3::uuid AND i.added_by = $4::uuid) o) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT p.user_id FROM (
      SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
      WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) p UNION SELECT o.user_id FROM (
      SELECT i.user_id FROM identities i WHERE i.id = $3::uuid AND i.added_by = $4::uuid) o) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, NULL::timestamptz AS since FROM (
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) c),
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
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $3::boolean AND NOT EXISTS (SELECT FROM bare)) o
  WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
  RETURNING u.id AS user_id)
UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
FROM bare o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL;

-- step endIdentities
WITH ended AS (
  DELETE FROM identities i USING (
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND true
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step forgetCounters
DELETE FROM login_attempts t USING (SELECT unnest(ARRAY['user:' || o.user_id, $1 || o.user_id,
      $2 || o.user_id]) AS name FROM (
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($3::text[]) OR u.address_key = ANY ($4::text[]))) o) n
WHERE t.bucket >= n.name || ':' AND t.bucket < n.name || ';'
RETURNING t.bucket;

-- step addIdentity
WITH added AS (
  INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
  SELECT $1::uuid, o.user_id, $2, $3, $4, $5::text, $6::boolean,
    now(), $7::uuid
  FROM (SELECT p.user_id FROM (
      SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
      WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($8::text[]) OR u.address_key = ANY ($9::text[]))) p) o
  ON CONFLICT DO NOTHING
  RETURNING id, user_id),
dropped AS (
  DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
      SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (SELECT $10::text AS email FROM (
            SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
            WHERE u.email_verified_at = now() AND (lower(u.email) = ANY ($11::text[]) OR u.address_key = ANY ($12::text[]))) p) p) FOR UPDATE SKIP LOCKED))
  RETURNING r.id),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::uuid, $19::inet, $20::text,
    $21::jsonb
  FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e )
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $22, $23, $24::text, $25::text, e.user_id, e.session_id,
  $26::uuid, $27::uuid, $28::inet, $29::text,
  $30::jsonb
FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e;

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
FROM (SELECT o.user_id FROM (
    SELECT i.user_id FROM identities i WHERE i.id = $15::uuid AND i.added_by = $16::uuid) o) o JOIN users u ON u.id = o.user_id
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

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id WHERE u.id = (SELECT o.user_id FROM (
    SELECT i.user_id FROM identities i WHERE i.id = $2::uuid AND i.added_by = $3::uuid) o);

-- shape 2 of 3

-- step holdUser: as in shape 1

-- step holdRegistrations: as in shape 1

-- step spend: as in shape 1

-- step claim: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step forgetCounters: as in shape 1

-- step addIdentity: as in shape 1

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
FROM (SELECT o.user_id FROM (
    SELECT i.user_id FROM identities i WHERE i.id = $15::uuid AND i.added_by = $16::uuid) o) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id WHERE u.id = (SELECT o.user_id FROM (
    SELECT i.user_id FROM identities i WHERE i.id = $2::uuid AND i.added_by = $3::uuid) o);

-- shape 3 of 3

-- step holdUser: as in shape 1

-- step holdRegistrations: as in shape 1

-- step spend: as in shape 1

-- step claim: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step forgetCounters: as in shape 1

-- step addIdentity: as in shape 1

-- step keepToken
INSERT INTO provider_tokens (id, identity_id, provider, client_id, sealed)
SELECT $1::uuid, i.id, i.provider, $2::text, $3::text FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) LIMIT 1
ON CONFLICT ON CONSTRAINT provider_tokens_identity_key
DO UPDATE SET id = excluded.id, client_id = excluded.client_id, sealed = excluded.sealed, created_at = now();

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step answer: as in shape 1
