-- Stores a pending registration and queues the mail with its link.
-- src/features/password/register/queries.ts

WITH
mail_client AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket ) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $4::int + 1
  RETURNING t.bucket, t.count AS number),
admitted AS (SELECT c.bucket FROM mail_client c WHERE c.number <= $5::int),
mail_address AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $6::uuid, now() + make_interval(secs => $7::int) FROM (SELECT CASE WHEN true THEN $8::text ELSE $9::text END AS bucket FROM admitted) s
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
allowed AS (SELECT a.bucket FROM mail_address a WHERE a.number <= $11::int),
judged AS (
  SELECT u.id AS user_id, u.email AS user_email, u.locale AS user_locale,
    a.bucket IS NOT NULL AND NOT $12::boolean AND NOT EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $13 AND t.owner_id IS DISTINCT FROM $14::uuid) AS is_open,
    u.id IS NOT NULL AND NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_taken
  FROM admitted
  LEFT JOIN allowed a ON true
  LEFT JOIN users u ON lower(u.email) = $15
),
stored AS (
  INSERT INTO registration_attempts AS r (id, email, name, locale, password_hash, subject, expires_at)
  SELECT $16::uuid, CASE WHEN (s.is_open AND NOT s.is_taken) THEN $17::text ELSE '' END, CASE WHEN (s.is_open AND NOT s.is_taken) THEN $18::text ELSE '' END, CASE WHEN (s.is_open AND NOT s.is_taken) THEN $19::text END,
    CASE WHEN (s.is_open AND NOT s.is_taken) THEN $20::text ELSE '' END, CASE WHEN (s.is_open AND NOT s.is_taken) THEN $21::text ELSE '' END,
    CASE WHEN (s.is_open AND NOT s.is_taken) THEN now() + make_interval(secs => $22::int) ELSE now() END
  FROM judged s
  ON CONFLICT (id) DO NOTHING
  RETURNING CASE WHEN r.email <> '' THEN r.id END AS registration_id, nullif(r.email, '') AS email, r.locale),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($23::text, 'hex'), $24, s.registration_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $25::int)
  FROM stored s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
addressed AS (
  SELECT i.email, j.user_id, j.user_email, j.user_locale, j.is_open AND j.is_taken AS is_owner_told
  FROM issued i, judged j
),
queued AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $26::uuid, $27, coalesce(s.email, ''), coalesce(NULL::text, $28::text), NULL::uuid,
    $29::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($30::text[])[array_position($31::text[], s.email::text)] END,
    least(now() + make_interval(secs => $32::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT * FROM addressed d WHERE NOT d.is_owner_told) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
told AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $33, s.user_email, coalesce(s.user_locale, $34::text), s.user_id::uuid,
    $35::uuid, $36::jsonb, now() + make_interval(secs => $37::int)
  FROM (SELECT * FROM addressed d WHERE d.is_owner_told) s
  RETURNING id)
SELECT coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $38::int) AS "retryAfterSeconds"
FROM (SELECT $39::text AS bucket) c WHERE NOT EXISTS (SELECT FROM admitted);
