-- Queues a new verification link: for the account with the address while that is unverified, or for the newest pending
-- registration when no account has the address.
-- src/features/email-verification/resend/queries.ts

WITH account AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale, u.email_verified_at IS NULL AND u.banned_at IS NULL AS is_open
  FROM users u WHERE lower(u.email) = ANY ($1::text[])
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($2::text[], lower(u.email)) LIMIT 1 FOR KEY SHARE OF u
),
registration AS (
  SELECT r.id AS registration_id, r.email, r.locale
  FROM registration_attempts r WHERE r.email = $3 AND r.expires_at > now() AND NOT EXISTS (SELECT FROM account) ORDER BY r.created_at DESC, r.id DESC LIMIT 1
),
looked AS (SELECT count(*) AS found FROM account),
mail_client AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $4::uuid, now() + make_interval(secs => $5::int) FROM (SELECT $6::text AS bucket FROM looked) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $7::int + 1
  RETURNING t.bucket, t.count AS number),
admitted AS (SELECT c.bucket FROM mail_client c WHERE c.number <= $8::int),
mail_address AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $9::uuid, now() + make_interval(secs => $10::int) FROM (SELECT CASE WHEN (EXISTS (SELECT FROM account a WHERE a.is_open) OR EXISTS (SELECT FROM registration)) THEN $11::text ELSE $12::text END AS bucket FROM admitted) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $13::int + 1
  RETURNING t.bucket, t.count AS number),
allowed AS (SELECT a.bucket FROM mail_address a WHERE a.number <= $14::int),
judged AS (
  SELECT a.user_id, r.registration_id, coalesce(a.email, r.email) AS email, coalesce(a.locale, r.locale) AS locale
  FROM (VALUES (NOT $15::boolean)) AS one (is_possible)
  LEFT JOIN allowed w ON one.is_possible
  LEFT JOIN account a ON w.bucket IS NOT NULL AND a.is_open
  LEFT JOIN registration r ON w.bucket IS NOT NULL
),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($16::text, 'hex'), $17, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $18::int)
  FROM (SELECT * FROM judged j WHERE j.registration_id IS NULL) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
reissued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($19::text, 'hex'), $20, s.registration_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $21::int)
  FROM (SELECT * FROM judged j WHERE j.registration_id IS NOT NULL) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
queued AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $22::uuid, $23, coalesce(s.email, ''), coalesce(s.locale, $24::text), s.owner_id::uuid,
    $25::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($26::text[])[array_position($27::text[], s.email::text)] END,
    least(now() + make_interval(secs => $28::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.owner_id, i.email, j.locale FROM issued i, judged j) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
requeued AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $29::uuid, $30, coalesce(s.email, ''), coalesce(s.locale, $31::text), NULL::uuid,
    $32::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($33::text[])[array_position($34::text[], s.email::text)] END,
    least(now() + make_interval(secs => $35::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.email, j.locale FROM reissued i, judged j) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
SELECT 1 AS queued;
