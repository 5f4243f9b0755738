-- Turns two-factor on by the secret that was set up, with new backup codes, and gives the session its new id: it has
-- passed the second factor.
-- src/features/two-factor/setup/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step holdSession
SELECT s.id FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid FOR UPDATE;

-- step renew
WITH renewed AS (
  UPDATE sessions s SET
    id = $1::uuid, authenticated_at = now(), second_factor_at = now(), amr = s.amr || ARRAY(SELECT a FROM unnest($2::text[]) a WHERE a <> ALL (s.amr)), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $3::int)),
  -- Without a rotation time, a token expires by the time of authentication.
    cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
    cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN NULL::timestamptz END,
    body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
    body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN NULL::timestamptz END,
    legacy_token_hash = NULL
  FROM (
    SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
          THEN coalesce(s.second_factor_at > now() - make_interval(secs => $6::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
          ELSE s.authenticated_at > now() - make_interval(secs => $7::int) END))
      AND EXISTS (SELECT FROM factors f WHERE f.id = $8::uuid AND f.user_id = s.user_id AND f.added_at IS NULL AND f.created_at > now() - make_interval(secs => $9::int))) o
  WHERE s.id = $10::uuid AND s.user_id = o.user_id AND s.expires_at > now()
  RETURNING s.id
),
forgotten AS (
  -- The others follow to the new id by their foreign key, when the statement ends.
  DELETE FROM former_session_ids f WHERE EXISTS (SELECT FROM renewed) AND f.id = ANY (ARRAY(
      SELECT x.id FROM former_session_ids x WHERE x.session_id = $11::uuid
      ORDER BY x.created_at DESC, x.id OFFSET $12::int))
)
INSERT INTO former_session_ids (id, session_id) SELECT $13::uuid, r.id FROM renewed r
ON CONFLICT DO NOTHING;

-- step start
WITH replaced AS (
  DELETE FROM factors f USING (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.last_active_at = now()) o WHERE f.user_id = o.user_id AND f.id <> $2::uuid
),
confirmed AS (
  UPDATE factors f SET added_at = now(), last_step = $3::bigint, last_used_at = now(),
    last_used_by = $4::uuid,
    held_since = coalesce((SELECT min(x.held_since) FROM factors x WHERE x.user_id = o.user_id), now())
  FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $5::uuid AND s.last_active_at = now()) o WHERE f.id = $6::uuid AND f.user_id = o.user_id
),
forgiven AS (
  -- What was missed at an earlier authenticator says nothing about this one.
  UPDATE second_factor_devices d SET misses = 0 FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $7::uuid AND s.last_active_at = now()) o WHERE d.user_id = o.user_id
)
UPDATE users u SET two_factor_since = now(), two_factor_reset_at = NULL, updated_at = now()
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $8::uuid AND s.last_active_at = now()) o WHERE u.id = o.user_id;

-- step storeCodes
WITH dropped AS (
  DELETE FROM backup_codes b USING (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.last_active_at = now()) o
  WHERE b.user_id = o.user_id AND b.code_hash NOT IN (SELECT c.code_hash FROM (SELECT decode(h, 'hex') AS code_hash FROM unnest($2::text[]) h) c)
)
INSERT INTO backup_codes (user_id, code_hash) SELECT o.user_id, c.code_hash FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $3::uuid AND s.last_active_at = now()) o, (SELECT decode(h, 'hex') AS code_hash FROM unnest($4::text[]) h) c
ON CONFLICT (user_id, code_hash) DO NOTHING;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT f.user_id FROM factors f
  WHERE f.id = $1::uuid AND f.user_id = $2::uuid AND f.last_used_by = $3::uuid) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT f.user_id FROM factors f
    WHERE f.id = $1::uuid AND f.user_id = $2::uuid AND f.last_used_by = $3::uuid) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, NULL::timestamptz AS since FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.last_active_at = now()) c),
bare AS (
  SELECT o.user_id FROM o WHERE NOT EXISTS (
    SELECT FROM factors f WHERE f.user_id = o.user_id AND f.added_at IS NOT NULL AND NOT false)
),
ended_factors AS (DELETE FROM factors f USING o WHERE f.user_id = o.user_id AND false),
ended_codes AS (
  DELETE FROM backup_codes b USING o
  WHERE b.user_id = o.user_id AND (false OR EXISTS (SELECT FROM bare))
),
cancelled AS (
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $2::boolean AND NOT EXISTS (SELECT FROM bare)) o
  WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
  RETURNING u.id AS user_id)
UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
FROM bare o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL;

-- step settle
WITH cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
      SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $2::uuid AND s.last_active_at = now()) o) RETURNING t.bucket),
remembered AS (
  INSERT INTO second_factor_devices (user_id, device_id, completed_at) SELECT o.user_id, $3::uuid, now() FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $4::uuid AND s.last_active_at = now()) o
  ON CONFLICT (user_id, device_id) DO UPDATE SET completed_at = now(), misses = 0
),
forgiven AS (
  UPDATE second_factor_devices d SET misses = 0 FROM (
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $5::uuid AND s.last_active_at = now()) o
  WHERE d.user_id = o.user_id AND d.device_id = $6::uuid AND d.device_id <> $7::uuid
),
forgotten AS (
  DELETE FROM second_factor_devices d WHERE (d.user_id, d.device_id) IN (
    SELECT x.user_id, x.device_id FROM second_factor_devices x JOIN (
      SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $8::uuid AND s.last_active_at = now()) o ON o.user_id = x.user_id
    WHERE x.device_id <> ALL (ARRAY[$9, $10, $11]::uuid[])
    ORDER BY x.completed_at DESC NULLS LAST, x.device_id OFFSET $12::int)
)
UPDATE users u SET two_factor_reset_at = NULL FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $13::uuid AND s.last_active_at = now()) o
WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
RETURNING u.id AS user_id;

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
