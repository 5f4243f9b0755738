-- Finds the account of a challenge and reserves a check of its second factor: over all challenges, for each device by
-- itself that completed a second step before, and five times per challenge (OTP-02).
-- src/features/two-factor/second-step/queries.ts

-- step reserveTry
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket FROM (
    SELECT u.id AS user_id, u.email, u.device_generation, t.challenge AS first_step FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
    WHERE u.banned_at IS NULL AND ($6::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) f) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $7::int OR (t.count = $8::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step reserve
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT c.bucket, c.user_id, c.session_id FROM (
    SELECT k.*, $3 || k.user_id || ':' || coalesce(k.counted_device_id::text, 'world') AS bucket
    FROM (
      SELECT o.user_id, NULL::uuid AS session_id, o.email, o.first_step, o.known_device_id IS NOT NULL AS is_known_device,
        coalesce((
          SELECT d.device_id::text FROM second_factor_devices d
          WHERE d.user_id = o.user_id AND d.device_id = (o.known_device_id)::uuid AND d.completed_at IS NOT NULL), $4) AS counted_device_id
      FROM (SELECT f.*, (
          SELECT $5::text FROM unnest($6::uuid[], $7::int[]) AS k (id, gen)
          WHERE k.id = f.user_id AND k.gen = f.device_generation LIMIT 1) AS known_device_id FROM (
          SELECT u.id AS user_id, u.email, u.device_generation, t.challenge AS first_step FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
          WHERE u.banned_at IS NULL AND ($10::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) f) o
    ) k) c WHERE EXISTS (
    SELECT FROM login_attempts t
    WHERE t.bucket = $11 AND t.last_attempt_id = $12::uuid AND t.count <= $13::int
      AND t.window_ends_at > now())) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $14::int + 1
RETURNING t.bucket, t.count AS number;

-- step recordLock
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (
  SELECT c.user_id, c.session_id FROM (SELECT c.bucket, c.user_id, c.session_id FROM (
      SELECT k.*, $11 || k.user_id || ':' || coalesce(k.counted_device_id::text, 'world') AS bucket
      FROM (
        SELECT o.user_id, NULL::uuid AS session_id, o.email, o.first_step, o.known_device_id IS NOT NULL AS is_known_device,
          coalesce((
            SELECT d.device_id::text FROM second_factor_devices d
            WHERE d.user_id = o.user_id AND d.device_id = (o.known_device_id)::uuid AND d.completed_at IS NOT NULL), $12) AS counted_device_id
        FROM (SELECT f.*, (
            SELECT $13::text FROM unnest($14::uuid[], $15::int[]) AS k (id, gen)
            WHERE k.id = f.user_id AND k.gen = f.device_generation LIMIT 1) AS known_device_id FROM (
            SELECT u.id AS user_id, u.email, u.device_generation, t.challenge AS first_step FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($16::text, 'hex') AND t.kind = $17 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
            WHERE u.banned_at IS NULL AND ($18::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) f) o
      ) k) c WHERE EXISTS (
      SELECT FROM login_attempts t
      WHERE t.bucket = $19 AND t.last_attempt_id = $20::uuid AND t.count <= $21::int
        AND t.window_ends_at > now())) c JOIN login_attempts t ON t.bucket = c.bucket
  WHERE t.last_attempt_id = $22::uuid AND t.count > $23::int) e ON CONFLICT (id) DO NOTHING;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
    NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
    SELECT e.user_id, e.session_id FROM security_events e WHERE e.id = $1::uuid AND e.at = now()) e JOIN users u ON u.id = e.user_id) s;

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
      SELECT e.user_id, e.session_id FROM security_events e WHERE e.id = $17::uuid AND e.at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $18::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT c.*, (
  SELECT json_agg(json_build_object('id', f.id, 'secret', f.secret_sealed, 'last_step', f.last_step)) FROM factors f
  WHERE f.user_id = c.user_id AND f.kind = 'totp' AND f.added_at IS NOT NULL) AS factors,
  EXISTS (
  SELECT FROM backup_codes b
  WHERE b.user_id = c.user_id AND b.code_hash = decode($1::text, 'hex') AND b.used_at IS NULL) AS is_backup_code,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $2::int) AS retry_after_seconds
FROM (
  SELECT k.*, $3 || k.user_id || ':' || coalesce(k.counted_device_id::text, 'world') AS bucket
  FROM (
    SELECT o.user_id, NULL::uuid AS session_id, o.email, o.first_step, o.known_device_id IS NOT NULL AS is_known_device,
      coalesce((
        SELECT d.device_id::text FROM second_factor_devices d
        WHERE d.user_id = o.user_id AND d.device_id = (o.known_device_id)::uuid AND d.completed_at IS NOT NULL), $4) AS counted_device_id
    FROM (SELECT f.*, (
        SELECT $5::text FROM unnest($6::uuid[], $7::int[]) AS k (id, gen)
        WHERE k.id = f.user_id AND k.gen = f.device_generation LIMIT 1) AS known_device_id FROM (
        SELECT u.id AS user_id, u.email, u.device_generation, t.challenge AS first_step FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
        WHERE u.banned_at IS NULL AND ($10::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) f) o
  ) k) c WHERE EXISTS (
  SELECT FROM login_attempts t
  WHERE t.bucket = $11 AND t.last_attempt_id = $12::uuid AND t.count <= $13::int
    AND t.window_ends_at > now());
