-- Gives the caller's session its new id.
-- src/features/password/current-password/queries.ts

WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, $1::uuid AS session_id FROM users u
  WHERE u.id = $2::uuid AND u.password_hash IS NOT DISTINCT FROM $3::text
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
  FOR SHARE),
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
remembered AS (
  INSERT INTO former_session_ids (id, session_id) SELECT $19::uuid, r.session_id FROM renewed r
  ON CONFLICT DO NOTHING RETURNING id)
,
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $20 AND EXISTS (SELECT 1 FROM renewed) RETURNING t.bucket)
SELECT * FROM renewed UNION ALL SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $21::uuid AND s.user_id = $22::uuid;
