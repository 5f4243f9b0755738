-- Consumes the link, ends every way into the account by which the intruder could come back, and queues the mail with a
-- reset link: all or nothing.
-- src/features/account-recovery/not-me/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $2::uuid AND u.email = $3 AND u.banned_at IS NULL) h
WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step endPassword
UPDATE users u SET password_hash = NULL, device_generation = u.device_generation + 1, updated_at = now() WHERE u.id = (SELECT o.user_id FROM (
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

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, (SELECT d.created_at FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) d)::timestamptz AS since FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid AND t.spent_at = now()) c),
bare AS (
  SELECT o.user_id FROM o WHERE NOT EXISTS (
    SELECT FROM factors f WHERE f.user_id = o.user_id AND f.added_at IS NOT NULL AND NOT coalesce(f.held_since, f.created_at) >= o.since)
),
ended_factors AS (DELETE FROM factors f USING o WHERE f.user_id = o.user_id AND coalesce(f.held_since, f.created_at) >= o.since),
ended_codes AS (
  DELETE FROM backup_codes b USING o
  WHERE b.user_id = o.user_id AND (b.created_at >= o.since OR EXISTS (SELECT FROM bare))
),
cancelled AS (
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $7::boolean AND NOT EXISTS (SELECT FROM bare)) o
  WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
  RETURNING u.id AS user_id)
UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
FROM bare o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL;

-- step endIdentities
WITH ended AS (
  DELETE FROM identities i USING (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o JOIN users u ON u.id = o.user_id
  WHERE i.user_id = u.id AND i.created_at >= (SELECT d.created_at FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) d)::timestamptz
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

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

-- step recordLink
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT o.user_id, NULL::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($10::text, 'hex') AND t.kind = $11 AND t.spent_by = $12::uuid AND t.spent_at = now()) o) e;

-- step mailReset
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($11::text, 'hex') AND t.kind = $12 AND t.spent_by = $13::uuid AND t.spent_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step issueReset
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer
SELECT d.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) d;
