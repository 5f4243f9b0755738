-- Verifies the address of an account whose password was correct, and opens a session; at the first verification all
-- others end.
-- src/features/email-verification/verify/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step verify
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $1::uuid AND u.password_hash = $2 AND u.email = $3
    AND u.banned_at IS NULL
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $4::uuid FROM holder h
  WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $7::uuid, o.user_id,
    now() + make_interval(secs => least($8::int, $9::int)),
    now() + make_interval(secs => $10::int),
    $11, $12::text[],
    CASE WHEN $13::boolean THEN 0 END, CASE WHEN $14::boolean THEN 0 END,
    $15::inet, $16::text, $17::jsonb, $18::jsonb,
    $19::uuid
  FROM consumed o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $20, $21, $22::text, $23::text, e.user_id, e.session_id,
    $24::uuid, $25::inet, $26::text,
    $27::jsonb
  FROM opened e ),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM consumed o) AND x.expires_at > now() AND x.id <> $28::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $29::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id),
evicted_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $30, $31, $32::text, $33::text, e.user_id, e.session_id,
    $34::uuid, $35::inet, $36::text,
    $37::jsonb
  FROM evicted e ),
dropped AS (DELETE FROM registration_attempts r USING consumed p WHERE r.email = p.email RETURNING r.id),
verified AS (
  UPDATE users u SET email_verified_at = now(), updated_at = now()
  FROM consumed o WHERE u.id = o.user_id AND u.email_verified_at IS NULL
  RETURNING u.id AS user_id),
proved AS (SELECT v.user_id, $38::uuid AS session_id FROM verified v),
proved_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $39, $40, $41::text, $42::text, e.user_id, e.session_id,
    $43::uuid, $44::inet, $45::text,
    $46::jsonb
  FROM proved e ),
proved_effect_1 AS (
  DELETE FROM one_time_tokens t USING proved o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($47::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $48 AND EXISTS (SELECT 1 FROM consumed) RETURNING t.bucket)
SELECT count(*)::int AS verified FROM consumed;

-- step answer
WITH signed_in AS (SELECT s.id AS session_id, s.user_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $1::uuid),
first AS (
  SELECT u.id AS user_id FROM signed_in i JOIN users u ON u.id = i.user_id WHERE (u.email_verified_at = now())
),
ended AS (
  DELETE FROM sessions s USING first o WHERE s.user_id = o.user_id AND s.id <> $2::uuid
  RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $3, $4, $5::text, $6::text, e.user_id, e.session_id,
    $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM ended e )
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, i.session_id, i.auth_time, i.expires_in
FROM signed_in i JOIN users u ON u.id = i.user_id;
