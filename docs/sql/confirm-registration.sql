-- Turns a pending registration whose password was correct into an account and opens its session: a new account, or the
-- existing one with this unverified address, of which only the id stays.
-- src/features/email-verification/verify/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE lower(u.email) = $1 FOR NO KEY UPDATE;

-- step confirm
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, ((u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AND u.banned_at IS NULL) AS is_open FROM users u WHERE lower(u.email) = $1
),
held AS MATERIALIZED (
  SELECT r.id, r.name, r.locale, r.password_hash, r.subject, r.expires_at FROM registration_attempts r
  WHERE r.email = $2 AND (SELECT count(*) FROM holder) >= 0
  ORDER BY r.id FOR UPDATE),
chosen AS (
  SELECT h.id AS user_id, h.name, h.locale, h.password_hash FROM held h
  WHERE h.id = $3::uuid AND h.expires_at > now() AND NOT EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $4 AND t.owner_id IS DISTINCT FROM $5::uuid)
    AND NOT EXISTS (SELECT FROM holder o WHERE NOT o.is_open)
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $6::uuid FROM chosen h
  WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
proved AS (SELECT c.name, c.locale, c.password_hash FROM chosen c JOIN consumed s ON s.user_id = c.user_id),
claimed AS (
  UPDATE users u SET name = s.name, locale = s.locale, password_hash = s.password_hash, email_verified_at = now(),
    device_generation = u.device_generation + 1, updated_at = now()
  FROM holder o, proved s WHERE u.id = o.user_id
  RETURNING u.id AS user_id),
purged AS (DELETE FROM one_time_tokens t USING claimed o WHERE t.owner_id = o.user_id RETURNING t.token_hash),
created AS (
  INSERT INTO users (id, email, name, password_hash, locale, email_verified_at)
  SELECT $9::uuid, $10::text, s.name, s.password_hash, s.locale, now() FROM (SELECT p.* FROM proved p WHERE NOT EXISTS (SELECT FROM holder)) s
  ON CONFLICT DO NOTHING
  RETURNING id AS user_id),
owner AS (SELECT t.user_id FROM claimed t UNION ALL SELECT c.user_id FROM created c),
revoked AS (
  DELETE FROM one_time_tokens t USING (SELECT h.id AS user_id FROM held h, owner) o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($11::text[]) AND t.spent_at IS NULL AND t.token_hash <> decode($12::text, 'hex')
  RETURNING t.token_hash),
dropped AS (
  DELETE FROM registration_attempts r USING held h WHERE r.id = h.id AND EXISTS (SELECT FROM owner)
  RETURNING r.id),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $13::uuid, o.user_id,
    now() + make_interval(secs => least($14::int, $15::int)),
    now() + make_interval(secs => $16::int),
    $17, $18::text[],
    CASE WHEN $19::boolean THEN 0 END, CASE WHEN $20::boolean THEN 0 END,
    $21::inet, $22::text, $23::jsonb, $24::jsonb,
    $25::uuid
  FROM owner o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $26, $27, $28::text, $29::text, e.user_id, e.session_id,
    $30::uuid, $31::inet, $32::text,
    $33::jsonb
  FROM opened e ),
opened_effect_1 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $34, $35, $36::text, $37::text, e.user_id, e.session_id,
    $38::uuid, $39::inet, $40::text,
    $41::jsonb
  FROM opened e ),
opened_effect_2 AS (
  DELETE FROM one_time_tokens t USING opened o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($42::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
begun AS (
  SELECT o.user_id, o.session_id FROM opened o JOIN created c ON c.user_id = o.user_id
),
begun_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $43, $44, $45::text, $46::text, e.user_id, e.session_id,
    $47::uuid, $48::inet, $49::text,
    $50::jsonb
  FROM begun e ),
adopted AS (
  UPDATE login_attempts t SET bucket = 'user:' || s.user_id || ':world' FROM created s
  WHERE t.bucket = $51 RETURNING t.bucket),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $52 AND EXISTS (SELECT 1 FROM owner) RETURNING t.bucket)
SELECT count(*)::int AS confirmed FROM opened;

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
