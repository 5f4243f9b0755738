-- Counts and records a wrong code.
-- src/features/two-factor/check/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step countMiss
INSERT INTO second_factor_devices AS d (user_id, device_id, misses, last_missed_at, last_missed_by)
SELECT u.id, $1::uuid, 1, now(), $2::uuid
FROM users u WHERE u.id = $3::uuid
ON CONFLICT (user_id, device_id) DO UPDATE SET misses = d.misses + 1, last_missed_at = now(),
  last_missed_by = excluded.last_missed_by
WHERE d.last_missed_by IS DISTINCT FROM excluded.last_missed_by;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (SELECT $11::uuid AS user_id, $12::uuid AS session_id) e ON CONFLICT (id) DO NOTHING;

-- step endPassword
UPDATE users u SET password_hash = NULL, device_generation = u.device_generation + 1, updated_at = now() WHERE u.id = (SELECT o.user_id FROM (
    SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
    WHERE d.user_id = $1::uuid AND d.device_id = $2::uuid
      AND d.last_missed_by = $3::uuid AND d.misses > 0 AND d.misses % $4::int = 0 AND d.last_missed_at = now()) o);

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (
      SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
      WHERE d.user_id = $1::uuid AND d.device_id = $2::uuid
        AND d.last_missed_by = $3::uuid AND d.misses > 0 AND d.misses % $4::int = 0 ) o)   ORDER BY s.id FOR UPDATE),
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
  SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
  WHERE d.user_id = $1::uuid AND d.device_id = $2::uuid
    AND d.last_missed_by = $3::uuid AND d.misses > 0 AND d.misses % $4::int = 0 ) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
    WHERE d.user_id = $1::uuid AND d.device_id = $2::uuid
      AND d.last_missed_by = $3::uuid AND d.misses > 0 AND d.misses % $4::int = 0 ) o);

-- step endIdentities
WITH ended AS (
  DELETE FROM identities i USING (
    SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
    WHERE d.user_id = $1::uuid AND d.device_id = $2::uuid
      AND d.last_missed_by = $3::uuid AND d.misses > 0 AND d.misses % $4::int = 0 AND d.last_missed_at = now()) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND true
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step recordWithdrawal
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
  WHERE d.user_id = $10::uuid AND d.device_id = $11::uuid
    AND d.last_missed_by = $12::uuid AND d.misses > 0 AND d.misses % $13::int = 0 AND d.last_missed_at = now()) e;

-- step mailOwner
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
      WHERE d.user_id = $11::uuid AND d.device_id = $12::uuid
        AND d.last_missed_by = $13::uuid AND d.misses > 0 AND d.misses % $14::int = 0 AND d.last_missed_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step issueReset
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;
