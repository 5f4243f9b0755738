-- Restores an address and ends every other way into the account, with a notice to the address that it had until then,
-- if different: all or nothing.
-- src/features/email-change/queries.ts

-- step restore
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale FROM users u
  WHERE u.id = $1::uuid AND u.banned_at IS NULL
  FOR UPDATE
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $2::uuid FROM holder h
  WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
restored AS (
  UPDATE users u SET email = p.target_email, email_verified_at = now(), password_hash = NULL,
    device_generation = u.device_generation + 1, updated_at = now()
  FROM consumed p WHERE u.id = p.user_id
  RETURNING u.id),
reverted AS (
  SELECT s.user_id, NULL::uuid AS session_id, s.target_email AS email, h.email AS left_email, h.locale
  FROM consumed s JOIN restored r ON r.id = s.user_id JOIN holder h ON h.user_id = s.user_id
),
reverted_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM reverted e ),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($13::text, 'hex'), $14, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $15::int)
  FROM reverted s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
sent AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $16::uuid, $17, coalesce(s.email, ''), coalesce(s.locale, $18::text), s.user_id::uuid,
    $19::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($20::text[])[array_position($21::text[], s.email::text)] END,
    least(now() + make_interval(secs => $22::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT r.* FROM reverted r JOIN issued i ON i.owner_id = r.user_id) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
told AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $23, s.left_email, coalesce(s.locale, $24::text), s.user_id::uuid,
    $25::uuid, $26::jsonb, now() + make_interval(secs => $27::int)
  FROM (SELECT r.* FROM reverted r WHERE r.left_email <> r.email) s
  RETURNING id)
SELECT count(*)::int AS restored FROM restored;

-- step endAll
WITH done AS (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid),
ended AS (DELETE FROM sessions s USING done o WHERE s.user_id = o.user_id RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::inet, $10::text,
    $11::jsonb
  FROM ended e ),
revoked AS (
  DELETE FROM one_time_tokens t USING done o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($12::text[]) AND t.spent_at IS NULL AND t.token_hash <> decode($13::text, 'hex')
  RETURNING t.token_hash),
revoked_later AS (
  DELETE FROM one_time_tokens t USING done o
  WHERE t.owner_id = o.user_id AND t.kind = $14 AND t.spent_at IS NULL
    AND t.created_at >= (SELECT p.created_at FROM one_time_tokens p WHERE p.token_hash = decode($15::text, 'hex'))
  RETURNING t.token_hash)
SELECT d.user_id FROM done d;
