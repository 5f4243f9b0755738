-- Verifies the address of the caller's account by a token of that account; at the first verification all its other
-- sessions end.
-- src/features/email-verification/verify/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $2::uuid AND u.banned_at IS NULL AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
    AND EXISTS (SELECT FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_at IS NULL AND t.expires_at > now() AND t.email = u.email)) h
WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step verify
UPDATE users u SET email_verified_at = now(), updated_at = now()
FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o WHERE u.id = o.user_id AND u.email_verified_at IS NULL
RETURNING u.id AS user_id;

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (
      SELECT u.id AS user_id FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o) AND s.id IS DISTINCT FROM $4::uuid  ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT u.id AS user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o);

-- step settleProof
WITH dropped AS (
  DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
      SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t
          WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) p) FOR UPDATE SKIP LOCKED))
  RETURNING r.id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
  $8::uuid, $9::uuid, $10::inet, $11::text,
  $12::jsonb
FROM (SELECT o.user_id, $13::uuid AS session_id FROM (
    SELECT u.id AS user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.spent_by = $16::uuid AND t.spent_at = now()) c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at) o) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at
FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c JOIN users u ON u.id = c.user_id
WHERE u.id = $4::uuid;
