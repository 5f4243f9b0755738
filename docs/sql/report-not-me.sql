-- Consumes the link, clears the password, ends every session, revokes the links by which the intruder could come back,
-- and queues the mail with a reset link: all or nothing.
-- src/features/account-recovery/queries.ts

-- step revoke
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $1::uuid AND u.email = $2 AND u.banned_at IS NULL
  FOR NO KEY UPDATE
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $3::uuid FROM holder h
  WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
cleared AS (
  UPDATE users u SET password_hash = NULL, device_generation = u.device_generation + 1, updated_at = now()
  FROM consumed o WHERE u.id = o.user_id
  RETURNING u.id AS user_id, u.email, u.locale),
reported AS (
  SELECT w.user_id, NULL::uuid AS session_id FROM cleared w
),
reported_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM reported e ),
reported_effect_1 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
    $18::uuid, $19::inet, $20::text,
    $21::jsonb
  FROM reported e ),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($22::text, 'hex'), $23, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $24::int)
  FROM cleared s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
mailed AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $25::uuid, $26, coalesce(s.email, ''), coalesce(s.locale, $27::text), s.owner_id::uuid,
    $28::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($29::text[])[array_position($30::text[], s.email::text)] END,
    least(now() + make_interval(secs => $31::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, w.locale FROM issued i, cleared w) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
SELECT w.user_id FROM cleared w UNION ALL SELECT b.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($32::text, 'hex') AND t.kind = $33 AND t.spent_by = $34::uuid) b;

-- step endAll
WITH owner AS (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid),
ended AS (DELETE FROM sessions s USING owner o WHERE s.user_id = o.user_id RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::inet, $10::text,
    $11::jsonb
  FROM ended e ),
revoked AS (
  DELETE FROM one_time_tokens t USING owner o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($12::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash)
SELECT count(*)::int AS ended FROM ended;
