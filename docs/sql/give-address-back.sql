-- Gives an account the address back and ends every other way into it: all or nothing.
-- src/features/way-back/queries.ts

-- shape 1 of 5

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR UPDATE;

-- step consume
WITH consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
    SELECT u.id AS user_id FROM users u
    WHERE u.id = $2::uuid AND u.banned_at IS NULL AND true
      AND CASE
      WHEN lower($3::text) = $4::text THEN 'reserved'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($5::text) AND x.id IS DISTINCT FROM $6::uuid::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
      WHEN EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = lower($7::text) OR t.target_key = ANY (ARRAY[$8::text]::text[]))
        AND t.owner_id IS DISTINCT FROM $9::uuid::uuid
        AND NOT ($10::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($11::text) AND x.id IS DISTINCT FROM $12::uuid::uuid) THEN 'open'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($13::text)) THEN 'own'
      ELSE 'free' END IN ('free', 'own')) h
  WHERE t.token_hash = decode($14::text, 'hex') AND t.kind = $15 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, e.reason, e.user_id, e.session_id,
    $19::uuid, $20::uuid, $21::inet, $22::text,
    $23::jsonb
  FROM (
    SELECT c.user_id, NULL::uuid AS session_id, r.reason FROM consumed c, unnest($24::text[]) AS r (reason)) e )
SELECT c.user_id FROM consumed c UNION ALL SELECT d.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($25::text, 'hex') AND t.kind = $26 AND t.spent_by = $27::uuid) d;

-- step tellLeftAddress
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
      WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid AND t.spent_at = now()) o JOIN users u ON u.id = o.user_id
    WHERE u.email <> ALL ($12::text[])) s
  WHERE true
) r
WHERE $13::boolean OR r.recipient IS NOT NULL;

-- step restore
UPDATE users u SET email = p.target_email, address_key = p.target_key, email_verified_at = now(), updated_at = now()
FROM (SELECT o.user_id, $1::text AS target_email, $2::text AS target_key FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_by = $5::uuid AND t.spent_at = now()) o) p WHERE u.id = p.user_id
RETURNING u.id;

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
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) OR (t.kind = ANY ($5::text[]) AND t.created_at >= (SELECT least(d.created_at, NULL) FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid) d))) AND encode(t.token_hash, 'hex') <> ALL ($9::text[]);

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, (SELECT least(d.created_at, NULL) FROM (
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
  WHERE i.user_id = u.id AND i.created_at >= (SELECT least(d.created_at, NULL) FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) d)::timestamptz
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

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

-- shape 2 of 5

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step tellLeftAddress: as in shape 1

-- step restore: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step endLinksElsewhere
DELETE FROM one_time_tokens t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o
WHERE t.owner_id = o.user_id AND t.kind IN ('revert_email', 'not_me') AND t.spent_at IS NULL AND t.email <> $4;

-- step mailReset: as in shape 1

-- step issueReset: as in shape 1

-- shape 3 of 5

-- step holdUser: as in shape 1

-- step consume
WITH consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $1::uuid FROM (
    SELECT u.id AS user_id FROM users u
    WHERE u.id = $2::uuid AND u.banned_at IS NULL AND u.email <> $3 AND EXISTS (SELECT FROM one_time_tokens t WHERE t.owner_id = u.id AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $4)
      AND CASE
      WHEN lower($5::text) = $6::text THEN 'reserved'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($7::text) AND x.id IS DISTINCT FROM $8::uuid::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
      WHEN EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = lower($9::text) OR t.target_key = ANY (ARRAY[$10::text]::text[]))
        AND t.owner_id IS DISTINCT FROM $11::uuid::uuid
        AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($13::text) AND x.id IS DISTINCT FROM $14::uuid::uuid) THEN 'open'
      WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower($15::text)) THEN 'own'
      ELSE 'free' END IN ('free', 'own')) h
  WHERE t.token_hash = decode($16::text, 'hex') AND t.kind = $17 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $18, $19, $20::text, e.reason, e.user_id, e.session_id,
    $21::uuid, $22::uuid, $23::inet, $24::text,
    $25::jsonb
  FROM (
    SELECT c.user_id, NULL::uuid AS session_id, r.reason FROM consumed c, unnest($26::text[]) AS r (reason)) e )
SELECT c.user_id FROM consumed c UNION ALL SELECT d.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($27::text, 'hex') AND t.kind = $28 AND t.spent_by = $29::uuid) d;

-- step tellLeftAddress: as in shape 1

-- step restore: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks
DELETE FROM one_time_tokens t USING (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
    t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($4::text[]) OR (t.kind = ANY ($5::text[]) AND t.created_at >= (SELECT least(d.created_at, (SELECT min(t.created_at) FROM one_time_tokens t WHERE t.owner_id = $6::uuid AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $7)) FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_by = $10::uuid) d))) AND encode(t.token_hash, 'hex') <> ALL ($11::text[]);

-- step endTrust: as in shape 1

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, (SELECT least(d.created_at, (SELECT min(t.created_at) FROM one_time_tokens t WHERE t.owner_id = $1::uuid AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $2)) FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_by = $5::uuid) d)::timestamptz AS since FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid AND t.spent_at = now()) c),
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
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $9::boolean AND NOT EXISTS (SELECT FROM bare)) o
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
  WHERE i.user_id = u.id AND i.created_at >= (SELECT least(d.created_at, (SELECT min(t.created_at) FROM one_time_tokens t WHERE t.owner_id = $4::uuid AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $5)) FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid) d)::timestamptz
  RETURNING i.user_id, i.subject
)
UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
FROM ended o WHERE u.id = o.user_id AND u.oauth_id = o.subject;

-- step mailReset: as in shape 1

-- step issueReset: as in shape 1

-- shape 4 of 5

-- step holdUser: as in shape 1

-- step consume: as in shape 1

-- step leaveLastWord
WITH issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at)
  SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, $3::text, $4::text, $5::text,
    'final'::text, NULL::text, now(), now() + make_interval(secs => $6::int)
  FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.spent_by = $9::uuid AND t.spent_at = now()) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email)
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $10::uuid, $11, coalesce(r.recipient, ''), r.recipient_key, $12::text,
  $13::text, coalesce(r.locale, $14::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $15::uuid, $16::uuid,
  ($17::text[])[array_position($18::text[], r.recipient)],
  least(now() + make_interval(secs => $19::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (
    SELECT i.owner_id AS user_id, i.email AS recipient, NULL::text AS recipient_key, true AS is_verified, u.locale
    FROM issued i JOIN users u ON u.id = i.owner_id) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step tellLeftAddress: as in shape 1

-- step restore: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step endFactors: as in shape 1

-- step endIdentities: as in shape 1

-- step mailReset: as in shape 1

-- step issueReset: as in shape 1

-- shape 5 of 5

-- step holdUser: as in shape 1

-- step consume: as in shape 3

-- step leaveLastWord: as in shape 4

-- step tellLeftAddress: as in shape 1

-- step restore: as in shape 1

-- step endPassword: as in shape 1

-- step endSessions: as in shape 1

-- step endLinks: as in shape 3

-- step endTrust: as in shape 1

-- step endFactors: as in shape 3

-- step endIdentities: as in shape 3

-- step mailReset: as in shape 1

-- step issueReset: as in shape 1
