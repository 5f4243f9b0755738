-- Changes the caller's password, gives the session its new id and ends all other sessions: all or nothing.
-- src/features/password/current-password/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step holdSession
SELECT s.id FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid FOR UPDATE;

-- step renew
WITH renewed AS (
  UPDATE sessions s SET
    id = $1::uuid, authenticated_at = s.authenticated_at, second_factor_at = s.second_factor_at, amr = s.amr, last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $2::int)),
  -- Without a rotation time, a token expires by the time of authentication.
    cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
    cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN now() END,
    body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
    body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN now() END,
    legacy_token_hash = NULL
  FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL
      AND u.password_hash IS NOT DISTINCT FROM $5::text) o
  WHERE s.id = $6::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.id
),
forgotten AS (
  -- The others follow to the new id by their foreign key, when the statement ends.
  DELETE FROM former_session_ids f WHERE EXISTS (SELECT FROM renewed) AND f.id = ANY (ARRAY(
      SELECT x.id FROM former_session_ids x WHERE x.session_id = $7::uuid
      ORDER BY x.created_at DESC, x.id OFFSET $8::int))
)
INSERT INTO former_session_ids (id, session_id) SELECT $9::uuid, r.id FROM renewed r
ON CONFLICT DO NOTHING;

-- step setPassword
UPDATE users u SET password_hash = $1, updated_at = now()
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $2::uuid AND s.last_active_at = now()) o WHERE u.id = o.user_id
RETURNING u.id;

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (
      SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid AND u.password_hash = $2) o) AND s.id IS DISTINCT FROM $3::uuid  ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid AND u.password_hash = $2) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($3::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid AND u.password_hash = $2) o);

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $10::uuid AND s.last_active_at = now()) e;

-- step tellOwner
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $17::uuid AND s.last_active_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $18::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step holdSession: as in shape 1

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
    SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL
      AND u.password_hash IS NOT DISTINCT FROM $6::text) o
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

-- step setPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step clearAttempts
DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $2::uuid AND s.last_active_at = now()) o) RETURNING t.bucket;

-- step record: as in shape 1

-- step tellOwner: as in shape 1

-- step answer: as in shape 1
