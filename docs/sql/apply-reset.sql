-- Consumes the link, sets the password, verifies the address, ends every session, revokes all other links that lead
-- into the account, and unlocks it: all or nothing (RST-06).
-- src/features/password/reset/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u
JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
WHERE u.banned_at IS NULL FOR NO KEY UPDATE OF u;

-- step consume
WITH consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
    SELECT u.id AS user_id FROM users u
    JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
    WHERE u.banned_at IS NULL) h
  WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket)
DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
    SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM consumed p) FOR UPDATE SKIP LOCKED))
RETURNING r.id;

-- step setPassword
UPDATE users u SET password_hash = $1, email_verified_at = coalesce(u.email_verified_at, now()),
  updated_at = now()
FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid AND t.spent_at = now()) o WHERE u.id = o.user_id;

-- step endPassword
UPDATE users u SET device_generation = u.device_generation + 1, updated_at = now() WHERE u.id = (SELECT o.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o);

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o)   ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o);

-- step endIdentities
WITH ended AS (
  DELETE FROM identities i USING (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND NOT (i.is_email_proved AND lower(i.email) = lower(u.email))
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step forgetAttempts
WITH of_address AS (
  DELETE FROM login_attempts t
  WHERE t.bucket >= $1 AND t.bucket < $2 AND EXISTS (SELECT 1 FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_by = $5::uuid AND t.spent_at = now()) c)
  RETURNING t.bucket)
DELETE FROM login_attempts t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid AND t.spent_at = now()) o
WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
RETURNING t.bucket;

-- step record
WITH changed AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
    $5::uuid, $6::uuid, $7::inet, $8::text,
    $9::jsonb
  FROM (SELECT c.user_id, NULL::uuid AS session_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($10::text, 'hex') AND t.kind = $11 AND t.spent_by = $12::uuid AND t.spent_at = now()) c) e )
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
  $17::uuid, $18::uuid, $19::inet, $20::text,
  $21::jsonb
FROM (
  SELECT c.user_id, NULL::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($22::text, 'hex') AND t.kind = $23 AND t.spent_by = $24::uuid AND t.spent_at = now()) c JOIN users u ON u.id = c.user_id
  WHERE u.email_verified_at = c.consumed_at) e;

-- step tellOwner
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid AND t.spent_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $12::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT u.device_generation FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id;
