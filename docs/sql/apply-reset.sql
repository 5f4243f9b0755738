-- Consumes the link, sets the password, verifies the address, ends every session, revokes all other links that lead
-- into the account, and unlocks it: all or nothing (RST-06).
-- src/features/password/reset/queries.ts

-- step reset
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.email_verified_at IS NULL AS is_unverified FROM users u
  WHERE u.id = $1::uuid AND u.email = $2 AND u.banned_at IS NULL
  FOR NO KEY UPDATE
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $3::uuid FROM holder h
  WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
changed AS (
  UPDATE users u SET password_hash = $6, email_verified_at = coalesce(u.email_verified_at, now()),
    device_generation = u.device_generation + 1, updated_at = now()
  FROM consumed o WHERE u.id = o.user_id
  RETURNING u.id AS user_id, u.device_generation),
reset AS (SELECT c.user_id, NULL::uuid AS session_id FROM changed c),
reset_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $7, $8, $9::text, $10::text, e.user_id, e.session_id,
    $11::uuid, $12::inet, $13::text,
    $14::jsonb
  FROM reset e ),
reset_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $15, s.email, coalesce(s.locale, $16::text), s.user_id::uuid,
    $17::uuid, $18::jsonb, now() + make_interval(secs => $19::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM reset e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
verified AS (
  SELECT r.user_id, r.session_id FROM reset r JOIN holder h ON h.user_id = r.user_id WHERE h.is_unverified
),
verified_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $20, $21, $22::text, $23::text, e.user_id, e.session_id,
    $24::uuid, $25::inet, $26::text,
    $27::jsonb
  FROM verified e ),
verified_effect_1 AS (
  DELETE FROM one_time_tokens t USING verified o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($28::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
dropped AS (DELETE FROM registration_attempts r USING consumed p WHERE r.email = p.email RETURNING r.id)
SELECT c.device_generation FROM changed c
UNION ALL
SELECT u.device_generation FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($29::text, 'hex') AND t.kind = $30 AND t.spent_by = $31::uuid) b JOIN users u ON u.id = b.user_id;

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
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($12::text[]) AND t.spent_at IS NULL AND t.token_hash <> decode($13::text, 'hex')
  RETURNING t.token_hash),
forgotten AS (
  DELETE FROM login_attempts t USING owner o
  WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
  RETURNING t.bucket),
forgotten_address AS (
  DELETE FROM login_attempts t
  WHERE t.bucket >= $14 AND t.bucket < $15 AND EXISTS (SELECT 1 FROM owner)
  RETURNING t.bucket)
SELECT count(*)::int AS ended FROM ended;
