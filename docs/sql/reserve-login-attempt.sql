-- Reserves an attempt at the account of the address and reads what a login needs to check a password, in one statement.
-- src/features/password/queries.ts

-- shape 1 of 2

WITH account AS (
  SELECT u.id AS user_id, u.email, u.locale, u.password_hash, u.banned_at IS NOT NULL AS is_banned, u.device_generation,
    (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_unverified, u.email = $1 AS has_address
  FROM users u WHERE lower(u.email) = ANY ($2::text[])
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) LIMIT 1
),
counted AS (
  SELECT CASE WHEN a.has_address THEN 'user:' || a.user_id ELSE $4 END || ':' || coalesce(CASE WHEN EXISTS (
      SELECT 1 FROM unnest($5::uuid[], $6::int[]) AS k (user_id, generation)
      WHERE k.user_id = a.user_id AND k.generation = a.device_generation
    ) THEN $7::text END::text, 'world') AS bucket, a.user_id, a.email, a.locale, a.password_hash, a.is_banned,
    a.is_unverified
  FROM (VALUES (1)) AS one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM counted s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $10::int + 1
  RETURNING t.bucket, t.count AS number),
locked AS (
  SELECT c.user_id, NULL::uuid AS session_id, c.bucket, c.email, c.locale, c.is_banned
  FROM counted c, reserved r WHERE r.number > $11::int
),
locked_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
    $16::uuid, $17::inet, $18::text,
    $19::jsonb
  FROM locked e ),
unlock_token AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($20::text, 'hex'), $21, s.user_id::uuid, s.email::text, NULL::text, s.bucket::text,
    now(), now() + make_interval(secs => $22::int)
  FROM (
    SELECT CASE WHEN l.is_told THEN l.user_id END AS user_id, CASE WHEN l.is_told THEN l.email END AS email, l.bucket
    FROM (SELECT k.*, k.email = ANY ($23::text[]) AND NOT k.is_banned AS is_told FROM locked k) l) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
lock_mail AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $24::uuid, $25, coalesce(s.email, ''), coalesce(s.locale, $26::text), s.owner_id::uuid,
    $27::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($28::text[])[array_position($29::text[], s.email::text)] END,
    least(now() + make_interval(secs => $30::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, l.locale FROM unlock_token i, locked l) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
SELECT c.bucket, CASE WHEN r.number <= $31::int THEN r.number END AS number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $32::int) AS retry_after_seconds,
  c.user_id, c.password_hash, c.is_banned, c.is_unverified, NULL::text AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;

-- shape 2 of 2

WITH account AS (
  SELECT u.id AS user_id, u.email, u.locale, u.password_hash, u.banned_at IS NOT NULL AS is_banned, u.device_generation,
    (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_unverified, u.email = $1 AS has_address
  FROM users u WHERE lower(u.email) = ANY ($2::text[])
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) LIMIT 1
),
counted AS (
  SELECT CASE WHEN a.has_address THEN 'user:' || a.user_id ELSE $4 END || ':' || coalesce(CASE WHEN EXISTS (
      SELECT 1 FROM unnest($5::uuid[], $6::int[]) AS k (user_id, generation)
      WHERE k.user_id = a.user_id AND k.generation = a.device_generation
    ) THEN $7::text END::text, 'world') AS bucket, a.user_id, a.email, a.locale, a.password_hash, a.is_banned,
    a.is_unverified
  FROM (VALUES (1)) AS one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM counted s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $10::int + 1
  RETURNING t.bucket, t.count AS number),
locked AS (
  SELECT c.user_id, NULL::uuid AS session_id, c.bucket, c.email, c.locale, c.is_banned
  FROM counted c, reserved r WHERE r.number > $11::int
),
locked_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
    $16::uuid, $17::inet, $18::text,
    $19::jsonb
  FROM locked e ),
unlock_token AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($20::text, 'hex'), $21, s.user_id::uuid, s.email::text, NULL::text, s.bucket::text,
    now(), now() + make_interval(secs => $22::int)
  FROM (
    SELECT CASE WHEN l.is_told THEN l.user_id END AS user_id, CASE WHEN l.is_told THEN l.email END AS email, l.bucket
    FROM (SELECT k.*, k.email = ANY ($23::text[]) AND NOT k.is_banned AS is_told FROM locked k) l) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
lock_mail AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $24::uuid, $25, coalesce(s.email, ''), coalesce(s.locale, $26::text), s.owner_id::uuid,
    $27::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($28::text[])[array_position($29::text[], s.email::text)] END,
    least(now() + make_interval(secs => $30::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, l.locale FROM unlock_token i, locked l) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
SELECT c.bucket, CASE WHEN r.number <= $31::int THEN r.number END AS number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $32::int) AS retry_after_seconds,
  c.user_id, c.password_hash, c.is_banned, c.is_unverified, (SELECT r.password_hash FROM registration_attempts r WHERE r.email = $33 AND r.expires_at > now() AND NOT EXISTS (SELECT FROM account) ORDER BY r.created_at DESC, r.id DESC LIMIT 1) AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;
