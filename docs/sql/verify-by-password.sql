-- Verifies the address of an account whose password was correct, and begins a session unless a second factor must
-- follow; at the first verification all others end.
-- src/features/email-verification/verify/queries.ts

-- shape 1 of 3

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
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
    ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), $5, $6::text[],
  CASE WHEN $7::boolean THEN 0 END, CASE WHEN $8::boolean THEN 0 END,
  $9::inet, $10::text, $11::jsonb,
  $12::jsonb, $13::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $17::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $18::boolean AND false THEN 'challenge'
  ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle
WITH begun AS (SELECT b.* FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.created_at = now()) b),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $2, $3, $4::text, $5::text, e.user_id, e.session_id,
    $6::uuid, $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM begun e ),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $11 AND EXISTS (SELECT 1 FROM begun o) RETURNING t.bucket),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM begun o) AND x.expires_at > now() AND x.id <> $12::uuid
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
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $1::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $2::boolean AND false THEN 'challenge'
  ELSE 'session' END AS verdict,
  '{}'::text[] AS methods FROM users u LEFT JOIN sessions s ON s.id = $3::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c);

-- shape 2 of 3

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step verify: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step settleProof: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
    ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), $5, $6::text[],
  CASE WHEN $7::boolean THEN 0 END, CASE WHEN $8::boolean THEN 0 END,
  $9::inet, $10::text, $11::jsonb,
  $12::jsonb, $13::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $17::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $18::boolean AND ((u.name = 'Asks')) THEN 'challenge'
  ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $1::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $2::boolean AND ((u.name = 'Asks')) THEN 'challenge'
  ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.name = 'Asks') THEN $3::text[] ELSE '{}' END AS methods FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c);

-- shape 3 of 3

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step verify: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step settleProof: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
    ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), $5, $6::text[],
  CASE WHEN $7::boolean THEN 0 END, CASE WHEN $8::boolean THEN 0 END,
  $9::inet, $10::text, $11::jsonb,
  $12::jsonb, $13::uuid
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $17::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $18::boolean AND ((u.name = 'Two Factors')) THEN 'challenge'
  ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused'
  WHEN $1::boolean AND (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified'
  WHEN NOT $2::boolean AND ((u.name = 'Two Factors')) THEN 'challenge'
  ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.name = 'Two Factors') THEN $3::text[] ELSE '{}' END AS methods FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
WHERE u.id = (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c);
