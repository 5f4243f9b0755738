-- Changes the address and tells the former one, with a way back: all or nothing.
-- src/features/email-change/confirm/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR UPDATE;

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (SELECT u.id AS user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND u.id = $4::uuid AND u.email = $5 AND CASE
    WHEN $6 = $7::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($8::text[]) OR x.address_key = ANY ($9::text[])) AND x.id IS DISTINCT FROM $10::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($11::text[]) OR t.target_key = ANY ($12::text[]))
      AND t.owner_id IS DISTINCT FROM $13::uuid
      AND NOT ($14::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($15::text[]) OR x.address_key = ANY ($16::text[])) AND x.id IS DISTINCT FROM $17::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($18::text[]) OR x.address_key = ANY ($19::text[]))) THEN 'own'
    ELSE 'free' END IN ('free', 'own') FOR KEY SHARE OF s) h
WHERE t.token_hash = decode($20::text, 'hex') AND t.kind = $21 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, e.reason, e.user_id, e.session_id,
  $4::uuid, $5::uuid, $6::inet, $7::text,
  $8::jsonb
FROM (
  SELECT o.user_id, NULL::uuid AS session_id, r.reason
  FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid AND t.spent_at = now()) o JOIN users u ON u.id = o.user_id, unnest('{email_changed,email_verified}'::text[]) AS r (reason)
  WHERE r.reason = 'email_changed' OR u.email_verified_at IS NULL) e;

-- step issueWayBack
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.email::text, s.email::text, s.address_key::text,
  s.way_back::text, NULL::text, now(), now() + make_interval(secs => CASE s.way_back WHEN 'corrected' THEN 86400 ELSE $3::int END)
FROM (
  SELECT o.user_id, u.email, u.address_key, CASE WHEN NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN NULL
    WHEN u.created_at > now() - interval '24 hours' THEN 'corrected' ELSE 'unverified' END AS way_back
  FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid AND t.spent_at = now()) o JOIN users u ON u.id = o.user_id) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step tellFormerAddress
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, CASE WHEN NOT s.is_verified THEN s.recipient_key END AS recipient_key,
    CASE WHEN (NOT NOT s.is_verified OR (
      SELECT count(*) FILTER (WHERE o.kind = $11 AND o.created_at > now() - make_interval(secs => $12::int)) < $13::int
        AND count(*) FILTER (WHERE o.kind = $14)
        < CASE WHEN s.is_verified THEN $15::int ELSE $16::int END
        AND (s.is_verified OR count(*) < $17::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $18::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id <> $19::uuid)) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t
      WHERE t.token_hash = decode($20::text, 'hex') AND t.kind = $21 AND t.spent_by = $22::uuid AND t.spent_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step dropRegistrations
DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
    SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (SELECT o.target_email AS email FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t
          WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) o) p) FOR UPDATE SKIP LOCKED))
RETURNING r.id;

-- step change
UPDATE users u SET email = p.target_email, address_key = p.target_key, email_verified_at = now(), updated_at = now()
FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t
  WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid AND t.spent_at = now()) p WHERE u.id = p.user_id
RETURNING u.id;

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) );

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) d JOIN users u ON u.id = d.user_id;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step consume
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
  SELECT u.id AS user_id FROM users u
  WHERE u.id = $2::uuid AND u.email = $3 AND CASE
    WHEN $4 = $5::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
      AND t.owner_id IS DISTINCT FROM $11::uuid
      AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
    ELSE 'free' END IN ('free', 'own') AND u.banned_at IS NULL AND u.password_hash = $18) h
WHERE t.token_hash = decode($19::text, 'hex') AND t.kind = $20 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step record: as in shape 1

-- step issueWayBack: as in shape 1

-- step tellFormerAddress: as in shape 1

-- step dropRegistrations: as in shape 1

-- step change: as in shape 1

-- step endLinks: as in shape 1

-- step clearAttempts
DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_by = $4::uuid AND t.spent_at = now()) o) RETURNING t.bucket;

-- step answer: as in shape 1
