-- Consumes the link and cancels the reset that it is about.
-- src/features/two-factor/keep/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u JOIN (SELECT t.owner_id FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id FOR NO KEY UPDATE OF u;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u JOIN (SELECT t.owner_id FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_at IS NULL AND t.expires_at > now()) l ON l.owner_id = u.id WHERE coalesce(u.two_factor_reset_at > now(), false)) h
WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step cancel
UPDATE users u SET two_factor_reset_at = NULL FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o
WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
RETURNING u.id AS user_id;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT o.user_id, NULL::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($10::text, 'hex') AND t.kind = $11 AND t.spent_by = $12::uuid AND t.spent_at = now()) o) e;

-- step answer
SELECT d.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) d;
