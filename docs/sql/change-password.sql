-- Changes the caller's password, gives the session its new id and ends all other sessions: all or nothing.
-- src/features/password/current-password/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step change
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, $1::uuid AS session_id FROM users u
  WHERE u.id = $2::uuid AND u.password_hash IS NOT DISTINCT FROM $3::text
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
  FOR NO KEY UPDATE),
renewed AS (
  UPDATE sessions s SET
    id = $6::uuid, authenticated_at = s.authenticated_at, amr = s.amr, last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $7::int)),
  -- Without a rotation time, a token expires by the time of authentication.
    cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
    cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN now() END,
    body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
    body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN now() END,
    legacy_token_hash = NULL
  FROM holder o
  WHERE s.id = $8::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
    s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in),
renewed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $9, $10, $11::text, $12::text, e.user_id, e.session_id,
    $13::uuid, $14::inet, $15::text,
    $16::jsonb
  FROM renewed e ),
renewed_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $17, s.email, coalesce(s.locale, $18::text), s.user_id::uuid,
    $19::uuid, $20::jsonb, now() + make_interval(secs => $21::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM renewed e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
renewed_effect_2 AS (
  DELETE FROM one_time_tokens t USING renewed o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($22::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
remembered AS (
  INSERT INTO former_session_ids (id, session_id) SELECT $23::uuid, r.session_id FROM renewed r
  ON CONFLICT DO NOTHING RETURNING id),
changed AS (
  UPDATE users u SET password_hash = $24, updated_at = now()
  FROM renewed o WHERE u.id = o.user_id
  RETURNING u.id)
SELECT * FROM renewed UNION ALL SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $25::uuid AND s.user_id = $26::uuid;

-- step endOthers
WITH changed AS (
  SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid AND u.password_hash = $2
),
ended AS (
  DELETE FROM sessions s USING changed o WHERE s.user_id = o.user_id AND s.id <> $3::uuid
  RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::inet, $10::text,
    $11::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step change
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, $1::uuid AS session_id FROM users u
  WHERE u.id = $2::uuid AND u.password_hash IS NOT DISTINCT FROM $3::text
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
  FOR NO KEY UPDATE),
renewed AS (
  UPDATE sessions s SET
    id = $6::uuid, authenticated_at = now(), amr = CASE WHEN $7::text = ANY (s.amr) THEN s.amr ELSE s.amr || $8::text END, last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $9::int)),
  -- Without a rotation time, a token expires by the time of authentication.
    cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
    cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN NULL::timestamptz END,
    body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
    body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN NULL::timestamptz END,
    legacy_token_hash = NULL
  FROM holder o
  WHERE s.id = $10::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
    s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in),
renewed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $11, $12, $13::text, $14::text, e.user_id, e.session_id,
    $15::uuid, $16::inet, $17::text,
    $18::jsonb
  FROM renewed e ),
renewed_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $19, s.email, coalesce(s.locale, $20::text), s.user_id::uuid,
    $21::uuid, $22::jsonb, now() + make_interval(secs => $23::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM renewed e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
renewed_effect_2 AS (
  DELETE FROM one_time_tokens t USING renewed o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($24::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
remembered AS (
  INSERT INTO former_session_ids (id, session_id) SELECT $25::uuid, r.session_id FROM renewed r
  ON CONFLICT DO NOTHING RETURNING id),
changed AS (
  UPDATE users u SET password_hash = $26, updated_at = now()
  FROM renewed o WHERE u.id = o.user_id
  RETURNING u.id)
,
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $27 AND EXISTS (SELECT 1 FROM renewed) RETURNING t.bucket)
SELECT * FROM renewed UNION ALL SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $28::uuid AND s.user_id = $29::uuid;

-- step endOthers: as in shape 1
