-- Signs in to an account by its identity, or by a verified address that both sides vouch for, which links the identity:
-- the owner is told.
-- src/features/social/sign-in/enter/queries.ts

-- shape 1 of 23

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

-- step noteUsed
UPDATE identities n SET issuer = $1, last_used_at = now(),
-- The id of a provider may be another by now.
  provider = CASE WHEN EXISTS (SELECT FROM identities o WHERE o.user_id = n.user_id AND o.provider = $2)
  THEN n.provider ELSE $3 END
WHERE n.id = (
  SELECT i.id FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) AND i.user_id = (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $6 AND i.issuer = ANY ($7::text[]) AND i.user_id = $8::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid) c)) ORDER BY i.issuer = $12 DESC LIMIT 1);

-- step issueCode
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END IN ('session', 'challenge')
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $7 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $8::int))
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at, challenge)
SELECT decode($9::text, 'hex'), $10, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $11::int), $12::jsonb
FROM asked s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer
SELECT u.id AS user_id, true AS is_code FROM users u
JOIN (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) t ON t.owner_id = u.id WHERE u.id = $3::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) AND i.user_id = $6::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.spent_by = $9::uuid) c));

-- shape 2 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $7 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $8::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($9::text, 'hex'), $10, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $11::int), $12::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
  $17::uuid, $18::uuid, $19::inet, $20::text,
  $21::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id WHERE u.id = $2::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $3 AND i.issuer = ANY ($4::text[]) AND i.user_id = $5::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid) c));

-- shape 3 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
        SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($7::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $8 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $9::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($10::text, 'hex'), $11, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $12::int), $13::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($1::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
    SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($2::uuid[]) AND d.expires_at > now())) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $3::uuid AND s.user_id = u.id WHERE u.id = $4::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $5 AND i.issuer = ANY ($6::text[]) AND i.user_id = $7::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_by = $10::uuid) c));

-- shape 4 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step keepToken
INSERT INTO provider_tokens (id, identity_id, provider, client_id, sealed)
SELECT $1::uuid, i.id, i.provider, $2::text, $3::text FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) LIMIT 1
ON CONFLICT ON CONSTRAINT provider_tokens_identity_key
DO UPDATE SET id = excluded.id, client_id = excluded.client_id, sealed = excluded.sealed, created_at = now();

-- step issueChallenge: as in shape 2

-- step answer: as in shape 2

-- shape 5 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $15 AND i.issuer = ANY ($16::text[]) AND i.user_id = $17::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($18::text, 'hex') AND t.kind = $19 AND t.spent_by = $20::uuid) c)) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle
WITH recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
    $5::uuid, $6::uuid, $7::inet, $8::text,
    $9::jsonb
  FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $10::uuid AND s.created_at = now()) e ),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $11::uuid AND s.created_at = now()) o) AND x.expires_at > now() AND x.id <> $12::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $13::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM evicted e;

-- step answer: as in shape 2

-- shape 6 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step keepToken: as in shape 4

-- step issueChallenge: as in shape 3

-- step answer: as in shape 3

-- shape 7 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step keepToken: as in shape 4

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step answer: as in shape 2

-- shape 8 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link
WITH added AS (
  INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
  SELECT $1::uuid, o.user_id, $2, $3, $4, $5::text, $6::boolean,
    now(), $7::uuid
  FROM (
    SELECT u.id AS user_id FROM users u
    WHERE u.id = $8::uuid AND EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid) c) AND (lower(u.email) = ANY ($12::text[]) OR u.address_key = ANY ($13::text[])) AND u.email_verified_at IS NOT NULL
      AND u.banned_at IS NULL AND NOT EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $14 AND i.issuer = ANY ($15::text[]) AND i.user_id = $16::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($17::text, 'hex') AND t.kind = $18 AND t.spent_by = $19::uuid) c))) o
  ON CONFLICT DO NOTHING
  RETURNING id, user_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $20, $21, $22::text, $23::text, e.user_id, e.session_id,
  $24::uuid, $25::uuid, $26::inet, $27::text,
  $28::jsonb
FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e;

-- step tellLinked
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT i.user_id, NULL::uuid AS session_id FROM identities i WHERE i.id = $17::uuid AND i.created_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $18::boolean OR r.recipient IS NOT NULL;

-- step issueCode: as in shape 1

-- step answer: as in shape 1

-- shape 9 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step issueCode
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $7)) THEN 'challenge' ELSE 'session' END IN ('session', 'challenge')
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $8 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $9::int))
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at, challenge)
SELECT decode($10::text, 'hex'), $11, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $12::int), $13::jsonb
FROM asked s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer: as in shape 1

-- shape 10 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step issueChallenge: as in shape 2

-- step answer: as in shape 2

-- shape 11 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $7)) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $8 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $9::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($10::text, 'hex'), $11, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $12::int), $13::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $2) THEN $3::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id WHERE u.id = $5::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $6 AND i.issuer = ANY ($7::text[]) AND i.user_id = $8::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid) c));

-- shape 12 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step issueChallenge
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $1 AND i.issuer = ANY ($2::text[]) AND i.user_id = $3::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_by = $6::uuid) c)) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $7)) THEN 'challenge' ELSE 'session' END = 'challenge'
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $8 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $9::int)),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
      created_at, expires_at, challenge)
  SELECT decode($10::text, 'hex'), $11, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    NULL::text, NULL::text, now(), now() + make_interval(secs => $12::int), $13::jsonb
  FROM asked s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
cleared AS (SELECT 1)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM (SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i) e;

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $2) THEN $3::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id WHERE u.id = $5::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $6 AND i.issuer = ANY ($7::text[]) AND i.user_id = $8::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid) c));

-- shape 13 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step keepToken: as in shape 4

-- step issueChallenge: as in shape 2

-- step answer: as in shape 2

-- shape 14 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step queueNewDeviceMail
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $11 AND o.created_at > now() - make_interval(secs => $12::int)) < $13::int
        AND count(*) FILTER (WHERE o.kind = $14)
        < CASE WHEN s.is_verified THEN $15::int ELSE $16::int END
        AND (s.is_verified OR count(*) < $17::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $18::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id <> $19::uuid)) THEN s.recipient::text END AS recipient
  FROM (SELECT r.* FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
        NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $20::uuid AND s.created_at = now()) e JOIN users u ON u.id = e.user_id) r WHERE r.recipient = ANY ($21::text[])) s
  WHERE true
) r
ON CONFLICT (id) DO NOTHING;

-- step issueNotMeLink
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer: as in shape 2

-- shape 15 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step answer: as in shape 2

-- shape 16 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $15 AND i.issuer = ANY ($16::text[]) AND i.user_id = $17::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($18::text, 'hex') AND t.kind = $19 AND t.spent_by = $20::uuid) c)) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $1::uuid AND s.user_id = u.id WHERE u.id = $2::uuid AND EXISTS (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $3 AND i.issuer = ANY ($4::text[]) AND i.user_id = $5::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_by = $8::uuid) c));

-- shape 17 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step keepToken: as in shape 4

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 2

-- shape 18 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $15 AND i.issuer = ANY ($16::text[]) AND i.user_id = $17::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($18::text, 'hex') AND t.kind = $19 AND t.spent_by = $20::uuid) c)) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($21::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 5

-- step noteTrustUsed
UPDATE trusted_devices d SET last_used_at = now() FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $1::uuid AND s.created_at = now()) o
WHERE d.id = ANY ($2::uuid[]) AND d.user_id = o.user_id AND d.expires_at > now();

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 3

-- shape 19 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step noteUsed: as in shape 1

-- step keepToken: as in shape 4

-- step beginSession: as in shape 18

-- step settle: as in shape 5

-- step noteTrustUsed: as in shape 18

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 3

-- shape 20 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 2

-- shape 21 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $15 AND i.issuer = ANY ($16::text[]) AND i.user_id = $17::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($18::text, 'hex') AND t.kind = $19 AND t.spent_by = $20::uuid) c)) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $21)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 11

-- shape 22 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step beginSession
INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, second_factor_at, method, amr, cookie_counter,
    body_counter, ip_address, user_agent, device, location, device_id)
SELECT $1::uuid, u.id,
  now() + make_interval(secs => least($2::int, $3::int)),
  now() + make_interval(secs => $4::int), CASE WHEN $5::boolean THEN now() END,
  $6, $7::text[],
  CASE WHEN $8::boolean THEN 0 END, CASE WHEN $9::boolean THEN 0 END,
  $10::inet, $11::text, $12::jsonb,
  $13::jsonb, $14::uuid
FROM (SELECT h.user_id FROM (SELECT i.user_id FROM identities i WHERE i.subject = $15 AND i.issuer = ANY ($16::text[]) AND i.user_id = $17::uuid LIMIT 1) h WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($18::text, 'hex') AND t.kind = $19 AND t.spent_by = $20::uuid) c)) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $21)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 12

-- shape 23 of 23

-- step holdUser: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 8

-- step tellLinked: as in shape 8

-- step keepToken: as in shape 4

-- step beginSession: as in shape 5

-- step settle: as in shape 5

-- step queueNewDeviceMail: as in shape 14

-- step issueNotMeLink: as in shape 14

-- step answer: as in shape 2
