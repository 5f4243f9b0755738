-- Verifies the address of the caller's account by a token of that account; at the first verification all its other
-- sessions end.
-- src/features/email-verification/verify/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step verify
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $1::uuid AND u.banned_at IS NULL AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
    AND EXISTS (SELECT FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now() AND t.email = u.email)
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $6::uuid FROM holder h
  WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
dropped AS (DELETE FROM registration_attempts r USING consumed p WHERE r.email = p.email RETURNING r.id),
verified AS (
  UPDATE users u SET email_verified_at = now(), updated_at = now()
  FROM consumed o WHERE u.id = o.user_id AND u.email_verified_at IS NULL
  RETURNING u.id AS user_id),
proved AS (SELECT v.user_id, $9::uuid AS session_id FROM verified v),
proved_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $10, $11, $12::text, $13::text, e.user_id, e.session_id,
    $14::uuid, $15::inet, $16::text,
    $17::jsonb
  FROM proved e ),
proved_effect_1 AS (
  DELETE FROM one_time_tokens t USING proved o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($18::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash)
SELECT count(*)::int AS verified FROM proved;

-- step answer
WITH owner AS (
  SELECT u.* FROM users u
  WHERE u.id = $1::uuid AND EXISTS (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
    WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid)
),
first AS (SELECT o.id AS user_id FROM owner o WHERE (o.email_verified_at = now())),
ended AS (
  DELETE FROM sessions s USING first o WHERE s.user_id = o.user_id AND s.id <> $5::uuid
  RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $6, $7, $8::text, $9::text, e.user_id, e.session_id,
    $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM ended e )
SELECT o.id AS user_id, o.email, o.name, o.email_verified_at IS NOT NULL AS email_verified,
  o.password_hash IS NOT NULL AS has_password, o.created_at AS user_created_at, o.updated_at AS user_updated_at FROM owner o;
