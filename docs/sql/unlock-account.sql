-- Consumes the link and deletes the attempts at the account, of all devices: those of the subject of the locked bucket
-- and those under the id.
-- src/features/account-recovery/unlock/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u
JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
WHERE u.banned_at IS NULL FOR NO KEY UPDATE OF u;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u
  JOIN (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id AND l.email = u.email
  WHERE u.banned_at IS NULL) h
WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step forgetAttempts
DELETE FROM login_attempts t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o
WHERE t.bucket >= regexp_replace(o.bucket, ':[^:]*$', '') || ':' AND t.bucket < regexp_replace(o.bucket, ':[^:]*$', '') || ';'
RETURNING t.bucket;

-- step forgetAttemptsById
DELETE FROM login_attempts t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o
WHERE t.bucket >= 'user:' || o.user_id || ':' AND t.bucket < 'user:' || o.user_id || ';'
RETURNING t.bucket;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT c.user_id, NULL::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($10::text, 'hex') AND t.kind = $11 AND t.spent_by = $12::uuid AND t.spent_at = now()) c) e;

-- step answer
SELECT u.id AS user_id, u.device_generation FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c
JOIN users u ON u.id = c.user_id;
