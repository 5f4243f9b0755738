-- Deletes the caller's account with everything that references it.
-- src/features/password/current-password/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR UPDATE;

-- step remove
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, $1::uuid AS session_id FROM users u
  WHERE u.id = $2::uuid AND u.password_hash IS NOT DISTINCT FROM $3::text
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
  FOR UPDATE),
deleted AS (DELETE FROM users u USING holder o WHERE u.id = o.user_id RETURNING o.user_id, o.session_id),
deleted_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM deleted e ),
deleted_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $14, s.email, coalesce(s.locale, $15::text), s.user_id::uuid,
    $16::uuid, $17::jsonb, now() + make_interval(secs => $18::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM deleted e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
deleted_effect_2 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $19, s.email, coalesce(s.locale, $20::text), s.user_id::uuid,
    $21::uuid, $22::jsonb, now() + make_interval(secs => $23::int)
  FROM (
    SELECT f.user_id, f.email, u.locale FROM (
      SELECT DISTINCT t.owner_id AS user_id, t.target_email AS email
      FROM deleted o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()) f
    JOIN users u ON u.id = f.user_id WHERE f.email <> u.email) s
  RETURNING id),
forgotten AS (
  DELETE FROM login_attempts t USING deleted o
  WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
  RETURNING t.bucket)
SELECT count(*)::int AS deleted FROM deleted;

-- step clear
WITH gone AS (
  SELECT $1::uuid AS user_id, $2::uuid AS session_id
  WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $3::uuid)
),
gone_effect_0 AS (
  UPDATE security_events e SET ip_address = NULL, user_agent = NULL, device = NULL, location = NULL
  WHERE e.id = ANY (ARRAY(
      SELECT x.id FROM security_events x WHERE x.user_id = (SELECT o.user_id FROM gone o)
      ORDER BY x.at DESC, x.id DESC LIMIT $4::int
  ))
  RETURNING e.id),
gone_effect_1 AS (
  DELETE FROM mail_outbox m USING gone e
  WHERE m.user_id = e.user_id AND m.finished_at IS NULL AND m.kind <> $5
  RETURNING m.id),
gone_effect_2 AS (DELETE FROM one_time_tokens t USING gone o WHERE t.owner_id = o.user_id RETURNING t.token_hash)
SELECT g.user_id FROM gone g;
