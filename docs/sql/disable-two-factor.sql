-- Accepts the caller's proof and turns two-factor off: authenticator, backup codes and trusted devices end.
-- src/features/two-factor/disabling/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step accept
UPDATE factors f SET last_step = $1::bigint, last_used_at = now(), last_used_by = $2::uuid
FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL) o
WHERE f.id = $5::uuid AND f.user_id = o.user_id AND f.added_at IS NOT NULL
  AND coalesce(f.last_step < $6::bigint, true)
RETURNING f.user_id;

-- step settle
WITH cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
      SELECT f.user_id FROM factors f
      WHERE f.id = $2::uuid AND f.user_id = $3::uuid AND f.last_used_by = $4::uuid
        AND f.last_used_at = now()) o) RETURNING t.bucket),
remembered AS (
  INSERT INTO second_factor_devices (user_id, device_id, completed_at) SELECT o.user_id, $5::uuid, now() FROM (
    SELECT f.user_id FROM factors f
    WHERE f.id = $6::uuid AND f.user_id = $7::uuid AND f.last_used_by = $8::uuid
      AND f.last_used_at = now()) o
  ON CONFLICT (user_id, device_id) DO UPDATE SET completed_at = now(), misses = 0
),
forgiven AS (
  UPDATE second_factor_devices d SET misses = 0 FROM (
    SELECT f.user_id FROM factors f
    WHERE f.id = $9::uuid AND f.user_id = $10::uuid AND f.last_used_by = $11::uuid
      AND f.last_used_at = now()) o
  WHERE d.user_id = o.user_id AND d.device_id = $12::uuid AND d.device_id <> $13::uuid
),
forgotten AS (
  DELETE FROM second_factor_devices d WHERE (d.user_id, d.device_id) IN (
    SELECT x.user_id, x.device_id FROM second_factor_devices x JOIN (
      SELECT f.user_id FROM factors f
      WHERE f.id = $14::uuid AND f.user_id = $15::uuid AND f.last_used_by = $16::uuid
        AND f.last_used_at = now()) o ON o.user_id = x.user_id
    WHERE x.device_id <> ALL (ARRAY[$17, $18, $19]::uuid[])
    ORDER BY x.completed_at DESC NULLS LAST, x.device_id OFFSET $20::int)
)
UPDATE users u SET two_factor_reset_at = NULL FROM (
  SELECT f.user_id FROM factors f
  WHERE f.id = $21::uuid AND f.user_id = $22::uuid AND f.last_used_by = $23::uuid
    AND f.last_used_at = now()) o
WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
RETURNING u.id AS user_id;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT a.user_id, $10::uuid AS session_id FROM (
    SELECT f.user_id FROM factors f
    WHERE f.id = $11::uuid AND f.user_id = $12::uuid AND f.last_used_by = $13::uuid
      AND f.last_used_at = now()) a) e;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
      AND e.type = $4)) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
        AND e.type = $4)) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, NULL::timestamptz AS since FROM (
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = $1::uuid AND e.at = now() AND e.operation_id = $2::uuid) c),
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
      SELECT e.user_id, e.session_id FROM security_events e
      WHERE e.user_id = $17::uuid AND e.at = now() AND e.operation_id = $18::uuid) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $19::boolean OR r.recipient IS NOT NULL;

-- step live
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step answer
SELECT e.id FROM security_events e
WHERE e.user_id = $1::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $2::uuid
  AND e.type = $3;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step accept
UPDATE backup_codes b SET used_at = now(), used_by = $1::uuid FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL) o
WHERE b.user_id = o.user_id AND b.code_hash = decode($4::text, 'hex') AND b.used_at IS NULL
RETURNING b.user_id;

-- step settle
WITH cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
      SELECT b.user_id FROM backup_codes b
      WHERE b.user_id = $2::uuid AND b.code_hash = decode($3::text, 'hex')
        AND b.used_by = $4::uuid AND b.used_at = now()) o) RETURNING t.bucket),
remembered AS (
  INSERT INTO second_factor_devices (user_id, device_id, completed_at) SELECT o.user_id, $5::uuid, now() FROM (
    SELECT b.user_id FROM backup_codes b
    WHERE b.user_id = $6::uuid AND b.code_hash = decode($7::text, 'hex')
      AND b.used_by = $8::uuid AND b.used_at = now()) o
  ON CONFLICT (user_id, device_id) DO UPDATE SET completed_at = now(), misses = 0
),
forgiven AS (
  UPDATE second_factor_devices d SET misses = 0 FROM (
    SELECT b.user_id FROM backup_codes b
    WHERE b.user_id = $9::uuid AND b.code_hash = decode($10::text, 'hex')
      AND b.used_by = $11::uuid AND b.used_at = now()) o
  WHERE d.user_id = o.user_id AND d.device_id = $12::uuid AND d.device_id <> $13::uuid
),
forgotten AS (
  DELETE FROM second_factor_devices d WHERE (d.user_id, d.device_id) IN (
    SELECT x.user_id, x.device_id FROM second_factor_devices x JOIN (
      SELECT b.user_id FROM backup_codes b
      WHERE b.user_id = $14::uuid AND b.code_hash = decode($15::text, 'hex')
        AND b.used_by = $16::uuid AND b.used_at = now()) o ON o.user_id = x.user_id
    WHERE x.device_id <> ALL (ARRAY[$17, $18, $19]::uuid[])
    ORDER BY x.completed_at DESC NULLS LAST, x.device_id OFFSET $20::int)
)
UPDATE users u SET two_factor_reset_at = NULL FROM (
  SELECT b.user_id FROM backup_codes b
  WHERE b.user_id = $21::uuid AND b.code_hash = decode($22::text, 'hex')
    AND b.used_by = $23::uuid AND b.used_at = now()) o
WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
RETURNING u.id AS user_id;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT a.user_id, $10::uuid AS session_id FROM (
    SELECT b.user_id FROM backup_codes b
    WHERE b.user_id = $11::uuid AND b.code_hash = decode($12::text, 'hex')
      AND b.used_by = $13::uuid AND b.used_at = now()) a) e;

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step tellOwner: as in shape 1

-- step live: as in shape 1

-- step answer: as in shape 1
