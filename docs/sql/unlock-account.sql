-- Consumes the link and deletes the attempts at the account, of all devices, with those in the locked bucket.
-- src/features/account-recovery/queries.ts

WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.device_generation FROM users u
  JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
  WHERE u.banned_at IS NULL
  FOR NO KEY UPDATE OF u
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $3::uuid FROM holder h
  WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
unlocked AS (
  SELECT s.user_id, NULL::uuid AS session_id, s.bucket FROM consumed s
),
unlocked_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM unlocked e ),
forgotten AS (
  DELETE FROM login_attempts t USING unlocked o
  WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
  RETURNING t.bucket),
forgotten_bucket AS (
  DELETE FROM login_attempts t USING unlocked o
  WHERE t.bucket = o.bucket AND NOT (o.bucket >= 'user:' || o.user_id || ':' AND o.bucket < 'user:' || o.user_id || ';')
  RETURNING t.bucket)
SELECT h.user_id, h.device_generation FROM holder h JOIN consumed s ON s.user_id = h.user_id
UNION ALL
SELECT u.id, u.device_generation FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid) b JOIN users u ON u.id = b.user_id;
