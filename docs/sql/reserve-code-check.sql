-- Reserves a check of a code.
-- src/features/email-code/reauthentication/queries.ts

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT s.user_id, s.id AS session_id, $3 || s.user_id || ':' || coalesce(NULL::text, 'world') AS bucket FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $6::int + 1
RETURNING t.bucket, t.count AS number;

-- step recordLock
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (
  SELECT c.user_id, c.session_id FROM (SELECT s.user_id, s.id AS session_id, $11 || s.user_id || ':' || coalesce(NULL::text, 'world') AS bucket FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $12::uuid AND s.user_id = $13::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c JOIN login_attempts t ON t.bucket = c.bucket
  WHERE t.last_attempt_id = $14::uuid AND t.count > $15::int) e ON CONFLICT (id) DO NOTHING;

-- step answer
SELECT c.bucket, (
  SELECT encode(t.token_hash, 'hex') FROM one_time_tokens t
  WHERE t.owner_id = c.user_id AND t.kind || ' ' || encode(t.token_hash, 'hex') = ANY ($1::text[])
    AND t.spent_at IS NULL AND t.expires_at > now() LIMIT 1) AS hash,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $2::int) AS retry_after_seconds
FROM (SELECT s.user_id, s.id AS session_id, $3 || s.user_id || ':' || coalesce(NULL::text, 'world') AS bucket FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c;
