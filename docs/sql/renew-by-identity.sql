-- Uses the state up, and gives the session its new id if the identity is of its account.
-- src/features/social/reauthentication/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step holdSession
SELECT s.id FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid FOR UPDATE;

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

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
    SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND EXISTS (SELECT FROM identities i WHERE i.subject = $6 AND i.issuer = ANY ($7::text[]) AND i.user_id = s.user_id)
      AND EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_by = $10::uuid) c)) o
  WHERE s.id = $11::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.id
),
forgotten AS (
  -- The others follow to the new id by their foreign key, when the statement ends.
  DELETE FROM former_session_ids f WHERE EXISTS (SELECT FROM renewed) AND f.id = ANY (ARRAY(
      SELECT x.id FROM former_session_ids x WHERE x.session_id = $12::uuid
      ORDER BY x.created_at DESC, x.id OFFSET $13::int))
)
INSERT INTO former_session_ids (id, session_id) SELECT $14::uuid, r.id FROM renewed r
ON CONFLICT DO NOTHING;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $10::uuid AND s.last_active_at = now()) e;

-- step answer
SELECT s.user_id, s.id AS session_id, s.amr, s.cookie_counter IS NOT NULL AS has_cookie_token,
  s.body_counter IS NOT NULL AS has_body_token, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid;
