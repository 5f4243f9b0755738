-- Stores the token of a change and queues the mail with its link.
-- src/features/email-change/queries.ts

-- step request
WITH caller AS MATERIALIZED (
  SELECT s.user_id, s.id AS session_id, u.locale, lower(u.email) = $1 AS is_unchanged,
    s.authenticated_at > now() - make_interval(secs => $2::int) AS is_recent FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR NO KEY UPDATE OF u
),
live AS MATERIALIZED (SELECT c.* FROM caller c JOIN sessions s ON s.id = c.session_id FOR KEY SHARE OF s),
asking AS (SELECT l.* FROM live l WHERE l.is_recent AND NOT l.is_unchanged AND NOT $5::boolean),
mail_client AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $6::uuid, now() + make_interval(secs => $7::int) FROM (SELECT $8::text AS bucket FROM asking) s
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
  SELECT s.bucket, 1, $11::uuid, now() + make_interval(secs => $12::int) FROM (SELECT CASE WHEN true THEN $13::text ELSE $14::text END AS bucket FROM admitted) s
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
taken AS (
  SELECT u.id AS user_id, u.email, u.locale FROM users u
  WHERE lower(u.email) = $17 AND u.id <> $18::uuid
  UNION ALL
  SELECT h.owner_id, h.target_email, u.locale
  FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $19 AND t.owner_id IS DISTINCT FROM $20::uuid LIMIT 1) h
  LEFT JOIN users u ON u.id = h.owner_id
  LIMIT 1
),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($21::text, 'hex'), $22, s.user_id::uuid, $23::text, $24::text, NULL::text,
    now(), now() + make_interval(secs => $25::int)
  FROM (SELECT a.user_id FROM asking a, allowed l) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
requested AS (SELECT a.user_id, a.session_id, a.locale FROM asking a JOIN issued i ON i.owner_id = a.user_id)
,
requested_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $26, $27, $28::text, $29::text, e.user_id, e.session_id,
    $30::uuid, $31::inet, $32::text,
    $33::jsonb
  FROM requested e ),
sent AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $34::uuid, $35, coalesce($36::text, ''), coalesce(s.locale, $37::text), s.user_id::uuid,
    $38::uuid,
    CASE WHEN $39::text IS NOT NULL
    THEN ($40::text[])[array_position($41::text[], $42::text::text)] END,
    least(now() + make_interval(secs => $43::int), NULL::timestamptz),
    CASE WHEN $44::text IS NULL THEN now() END, CASE WHEN $45::text IS NULL THEN 'dropped' END
  FROM (SELECT r.* FROM requested r WHERE NOT EXISTS (SELECT FROM taken)) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
told AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $46, s.email, coalesce(s.locale, $47::text), s.user_id::uuid,
    $48::uuid, $49::jsonb, now() + make_interval(secs => $50::int)
  FROM (SELECT t.* FROM taken t, requested r) s
  RETURNING id)
SELECT l.is_recent, l.is_unchanged FROM live l;

-- step revokePrevious
WITH asked AS (SELECT t.owner_id AS user_id FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()),
revoked AS (
  DELETE FROM one_time_tokens t USING asked o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($3::text[]) AND t.spent_at IS NULL AND t.token_hash <> decode($4::text, 'hex')
  RETURNING t.token_hash)
SELECT count(*)::int AS revoked FROM revoked;
