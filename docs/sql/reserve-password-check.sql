-- Reserves a check of the caller's password and reads what it needs, in one statement.
-- src/features/password/current-password/queries.ts

WITH caller AS (SELECT s.user_id, coalesce(s.device_id, s.id) AS device_id, u.email, u.password_hash, s.authenticated_at > now() - make_interval(secs => $1::int) AS is_recent FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL),
counted AS (
  SELECT 'user:' || c.user_id || ':' || coalesce(c.device_id::text, 'world') AS bucket, c.user_id, c.email, c.password_hash, c.is_recent
  FROM caller c
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $4::uuid, now() + make_interval(secs => $5::int) FROM counted s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $6::int + 1
  RETURNING t.bucket, t.count AS number),
locked AS (
  SELECT c.user_id, $7::uuid AS session_id FROM counted c, reserved r
  WHERE r.number > $8::int
),
locked_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $9, $10, $11::text, $12::text, e.user_id, e.session_id,
    $13::uuid, $14::inet, $15::text,
    $16::jsonb
  FROM locked e ),
locked_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $17, s.email, coalesce(s.locale, $18::text), s.user_id::uuid,
    $19::uuid, $20::jsonb, now() + make_interval(secs => $21::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM locked e JOIN users u ON u.id = e.user_id) s
  RETURNING id)
SELECT c.bucket, c.email, c.password_hash, c.is_recent,
  CASE WHEN r.number <= $22::int THEN r.number END AS number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $23::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;
