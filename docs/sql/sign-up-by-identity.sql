-- Creates an account with its identity, both or neither, where nobody else has a claim on the address: verified where
-- the provider is trusted for it.
-- src/features/social/sign-in/sign-up/queries.ts

-- shape 1 of 9

-- step countClient
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket WHERE true) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $4::int OR (t.count = $5::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

-- step create
WITH created AS (
  INSERT INTO users (id, email, address_key, name, password_hash, locale)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text
  WHERE NOT (NOT (EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $7 AND c.last_attempt_id = $8::uuid) AND EXISTS (SELECT FROM (
          SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
            t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.spent_by = $11::uuid) c) AND CASE
        WHEN $12 = $13::text THEN 'reserved'
        WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($14::text[]) OR x.address_key = ANY ($15::text[])) AND x.id IS DISTINCT FROM $16::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
        WHEN EXISTS (SELECT FROM one_time_tokens t
        WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($17::text[]) OR t.target_key = ANY ($18::text[]))
          AND t.owner_id IS DISTINCT FROM $19::uuid
          AND NOT ($20::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
        WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($21::text[]) OR x.address_key = ANY ($22::text[])) AND x.id IS DISTINCT FROM $23::uuid) THEN 'open'
        WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($24::text[]) OR x.address_key = ANY ($25::text[]))) THEN 'own'
        ELSE 'free' END = 'free'
        AND NOT EXISTS (SELECT FROM identities i WHERE i.issuer = $26 AND i.subject = $27)))
  ON CONFLICT DO NOTHING
  RETURNING id),
added AS (
  INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
  SELECT $28::uuid, o.user_id, $29, $30, $31, $32::text, $33::boolean,
    now(), $34::uuid
  FROM (SELECT c.id AS user_id FROM created c) o
  ON CONFLICT DO NOTHING
  RETURNING id, user_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $35, $36, $37::text, $38::text, e.user_id, e.session_id,
  $39::uuid, $40::uuid, $41::inet, $42::text,
  $43::jsonb
FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e;

-- step issueCode
WITH asked AS (
  SELECT u.id AS user_id, u.email FROM (SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid) o JOIN users u ON u.id = o.user_id
  WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END IN ('session', 'challenge')
),
ended AS (
  DELETE FROM one_time_tokens t WHERE t.token_hash IN (
    SELECT x.token_hash FROM one_time_tokens x
    WHERE x.owner_id = (SELECT o.user_id FROM asked o) AND x.kind = $2 AND x.spent_at IS NULL
    ORDER BY x.created_at DESC, x.token_hash OFFSET $3::int))
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at, challenge)
SELECT decode($4::text, 'hex'), $5, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $6::int), $7::jsonb
FROM asked s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS refused_for, x.*
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT u.id AS user_id, true AS is_code FROM users u
  JOIN (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.spent_at IS NULL AND t.expires_at > now()) t ON t.owner_id = u.id WHERE u.id = $9::uuid) x ON true;

-- shape 2 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create
WITH created AS (
  INSERT INTO users (id, email, address_key, name, password_hash, locale, email_verified_at)
  SELECT $1::uuid, $2::text, $3::text, s.name, s.password_hash, s.locale, now() FROM (SELECT $4::text AS name, $5::text AS locale, NULL::text AS password_hash WHERE EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $6 AND c.last_attempt_id = $7::uuid) AND EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.spent_by = $10::uuid) c) AND CASE
      WHEN $11 = $12::text THEN 'reserved'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
      WHEN EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($16::text[]) OR t.target_key = ANY ($17::text[]))
        AND t.owner_id IS DISTINCT FROM $18::uuid
        AND NOT ($19::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[])) AND x.id IS DISTINCT FROM $22::uuid) THEN 'open'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($23::text[]) OR x.address_key = ANY ($24::text[]))) THEN 'own'
      ELSE 'free' END = 'free'
      AND NOT EXISTS (SELECT FROM identities i WHERE i.issuer = $25 AND i.subject = $26)) s
  ON CONFLICT DO NOTHING
  RETURNING id AS user_id),
added AS (
  INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
  SELECT $27::uuid, o.user_id, $28, $29, $30, $31::text, $32::boolean,
    now(), $33::uuid
  FROM (SELECT c.user_id FROM created c) o
  ON CONFLICT DO NOTHING
  RETURNING id, user_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $34, $35, $36::text, $37::text, e.user_id, e.session_id,
  $38::uuid, $39::uuid, $40::inet, $41::text,
  $42::jsonb
FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e;

-- step dropRegistrations
DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(
    SELECT d.id FROM registration_attempts d WHERE d.email = (SELECT p.email FROM (SELECT $1::text AS email FROM (
          SELECT i.user_id, NULL::uuid AS session_id FROM identities i WHERE i.id = $2::uuid AND i.created_at = now()) a) p) FOR UPDATE SKIP LOCKED))
RETURNING r.id;

-- step issueCode: as in shape 1

-- step answer: as in shape 1

-- shape 3 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 2

-- step dropRegistrations: as in shape 2

-- step keepToken
INSERT INTO provider_tokens (id, identity_id, provider, client_id, sealed)
SELECT $1::uuid, i.id, i.provider, $2::text, $3::text FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) LIMIT 1
ON CONFLICT ON CONSTRAINT provider_tokens_identity_key
DO UPDATE SET id = excluded.id, client_id = excluded.client_id, sealed = excluded.sealed, created_at = now();

-- step issueCode: as in shape 1

-- step answer: as in shape 1

-- shape 4 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 1

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
FROM (SELECT u.id AS user_id FROM users u WHERE u.id = $15::uuid) o JOIN users u ON u.id = o.user_id
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

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS refused_for, x.*
FROM (VALUES (1)) AS one LEFT JOIN (SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $7::uuid AND s.user_id = u.id WHERE u.id = $8::uuid) x ON true;

-- shape 5 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 2

-- step dropRegistrations: as in shape 2

-- step beginSession: as in shape 4

-- step settle: as in shape 4

-- step answer: as in shape 4

-- shape 6 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 2

-- step dropRegistrations: as in shape 2

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
FROM (SELECT u.id AS user_id FROM users u WHERE u.id = $15::uuid) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 4

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS refused_for, x.*
FROM (VALUES (1)) AS one LEFT JOIN (SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $7::uuid AND s.user_id = u.id WHERE u.id = $8::uuid) x ON true;

-- shape 7 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 2

-- step dropRegistrations: as in shape 2

-- step keepToken: as in shape 3

-- step beginSession: as in shape 4

-- step settle: as in shape 4

-- step answer: as in shape 4

-- shape 8 of 9

-- step countClient: as in shape 1

-- step spend: as in shape 1

-- step create: as in shape 2

-- step dropRegistrations: as in shape 2

-- step keepToken: as in shape 3

-- step beginSession: as in shape 6

-- step settle: as in shape 4

-- step answer: as in shape 6

-- shape 9 of 9

-- step countClient: as in shape 1

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step spend: as in shape 1

-- step create: as in shape 1

-- step beginSession: as in shape 4

-- step settle: as in shape 4

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT $1::text AS recipient_key) s;

-- step queueMail
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
      SELECT count(*) FILTER (WHERE o.kind = $11 AND o.created_at > now() - make_interval(secs => $12::int)) < CASE WHEN bool_or(o.network_key = $13) THEN $14::int ELSE $15::int END
        AND count(*) FILTER (WHERE o.kind = $16)
        < CASE WHEN s.is_verified THEN $17::int ELSE $18::int END
        AND (s.is_verified OR count(*) < $19::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $20::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id <> $21::uuid)) THEN s.recipient::text END AS recipient
  FROM (
    SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM users u WHERE u.id = $22::uuid AND u.created_at = now()) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $23) < $24::int AND count(*) < $25::int
    FROM mail_outbox c
    WHERE c.network_key = $26 AND c.created_at > now() - make_interval(secs => $27::int) AND c.id IS DISTINCT FROM $28::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step issueLink
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer: as in shape 4
