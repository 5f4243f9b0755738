-- Consumes the code and gives the session its new id, all or nothing, or records that the code is wrong: also where it
-- is used, expired, or was sent to another address than the account has, and where the account has got a password or a
-- second factor since.
-- src/features/email-code/reauthentication/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step holdSession
SELECT s.id FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid FOR UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) AND NOT false
    AND s.user_id IN (
    SELECT u.id AS user_id FROM users u
    JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
    WHERE u.banned_at IS NULL)) h
WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step renew
WITH renewed AS (
  UPDATE sessions s SET
    id = $1::uuid, authenticated_at = now(), second_factor_at = s.second_factor_at, amr = s.amr || ARRAY(SELECT a FROM unnest($2::text[]) a WHERE a <> ALL (s.amr)), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $3::int)),
  -- Without a rotation time, a token expires by the time of authentication.
    cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
    cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN NULL::timestamptz END,
    body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
    body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN NULL::timestamptz END,
    legacy_token_hash = NULL
  FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid AND t.spent_at = now()) o
  WHERE s.id = $7::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.id
),
forgotten AS (
  -- The others follow to the new id by their foreign key, when the statement ends.
  DELETE FROM former_session_ids f WHERE EXISTS (SELECT FROM renewed) AND f.id = ANY (ARRAY(
      SELECT x.id FROM former_session_ids x WHERE x.session_id = $8::uuid
      ORDER BY x.created_at DESC, x.id OFFSET $9::int))
)
INSERT INTO former_session_ids (id, session_id) SELECT $10::uuid, r.id FROM renewed r
ON CONFLICT DO NOTHING;

-- step clearAttempts
DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $2::uuid AND s.last_active_at = now()) o) RETURNING t.bucket;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $10::uuid AND s.last_active_at = now()) e;

-- step recordWrong
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $11::uuid AND s.user_id = $12::uuid AND s.expires_at > now() AND u.banned_at IS NULL) e ON CONFLICT (id) DO NOTHING;

-- step live
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step answer
SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step holdSession: as in shape 1

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) AND NOT ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    AND s.user_id IN (
    SELECT u.id AS user_id FROM users u
    JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
    WHERE u.banned_at IS NULL)) h
WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step renew: as in shape 1

-- step clearAttempts: as in shape 1

-- step record: as in shape 1

-- step recordWrong: as in shape 1

-- step live: as in shape 1

-- step answer: as in shape 1
