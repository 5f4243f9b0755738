-- Issues a reset link to the account of the address and queues its mail, in one statement.
-- src/features/password/reset/queries.ts

WITH account AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale, u.banned_at FROM users u WHERE lower(u.email) = ANY ($1::text[])
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($2::text[], lower(u.email)) LIMIT 1 FOR KEY SHARE OF u
),
moved AS MATERIALIZED (
  SELECT u.id AS user_id, t.target_email AS email, u.locale, t.created_at, t.expires_at
  FROM users u JOIN (SELECT t.* FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = ANY ($3::text[]) AND t.owner_id IS DISTINCT FROM $4::uuid) t ON t.owner_id = u.id
  WHERE u.banned_at IS NULL AND NOT EXISTS (SELECT FROM account)
  ORDER BY t.created_at LIMIT 1
  FOR KEY SHARE OF u FOR SHARE OF t
),
found AS (
  SELECT a.user_id, a.email, a.locale, NULL::timestamptz AS created_at, NULL::timestamptz AS expires_at
  FROM account a WHERE a.banned_at IS NULL AND a.email = ANY ($5::text[])
  UNION ALL SELECT m.* FROM moved m
),
looked AS (SELECT count(*) AS found FROM found),
mail_client AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $6::uuid, now() + make_interval(secs => $7::int) FROM (SELECT $8::text AS bucket FROM looked) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $9::int + 1
  RETURNING t.bucket, t.count AS number),
admitted AS (SELECT c.bucket FROM mail_client c WHERE c.number <= $10::int),
mail_address AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $11::uuid, now() + make_interval(secs => $12::int) FROM (SELECT CASE WHEN EXISTS (SELECT FROM found) THEN $13::text ELSE $14::text END AS bucket FROM admitted) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $15::int + 1
  RETURNING t.bucket, t.count AS number),
allowed AS (SELECT a.bucket FROM mail_address a WHERE a.number <= $16::int),
asked AS (SELECT f.* FROM (VALUES (1)) AS one LEFT JOIN found f ON EXISTS (SELECT FROM allowed)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($17::text, 'hex'), $18, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $19::int)
  FROM (SELECT a.* FROM asked a WHERE a.created_at IS NULL) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
mailed AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $20::uuid, $21, coalesce(s.email, ''), coalesce(s.locale, $22::text), s.owner_id::uuid,
    $23::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($24::text[])[array_position($25::text[], s.email::text)] END,
    least(now() + make_interval(secs => $26::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, a.locale FROM issued i, asked a) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
,
renewed AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($27::text, 'hex'), $28, s.user_id::uuid, s.email::text, s.email::text, NULL::text,
    s.created_at, s.expires_at
  FROM (SELECT a.* FROM asked a WHERE a.created_at IS NOT NULL) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
renewed_mail AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $29::uuid, $30, coalesce(s.email, ''), coalesce(s.locale, $31::text), s.owner_id::uuid,
    $32::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($33::text[])[array_position($34::text[], s.email::text)] END,
    least(now() + make_interval(secs => $35::int), s.expires_at::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT r.*, a.locale, a.expires_at FROM renewed r, asked a) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
requested AS (
  SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i WHERE i.owner_id IS NOT NULL
),
requested_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $36, $37, $38::text, $39::text, e.user_id, e.session_id,
    $40::uuid, $41::inet, $42::text,
    $43::jsonb
  FROM requested e )
SELECT count(*)::int AS issued FROM issued;
