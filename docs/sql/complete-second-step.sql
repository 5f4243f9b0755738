-- Accepts the proof, consumes the challenge and begins the session: all or nothing.
-- src/features/two-factor/second-step/queries.ts

-- shape 1 of 9

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step accept
WITH accepted AS (
  UPDATE factors f SET last_step = $1::bigint, last_used_at = now(), last_used_by = $2::uuid
  FROM (SELECT u.id AS user_id FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
    WHERE u.banned_at IS NULL AND ($5::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) o
  WHERE f.id = $6::uuid AND f.user_id = o.user_id AND f.added_at IS NOT NULL
    AND coalesce(f.last_step < $7::bigint, true)
  RETURNING f.user_id)
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $8::uuid FROM accepted h
WHERE t.token_hash = decode($9::text, 'hex') AND t.kind = $10 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

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
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' ELSE 'session' END = 'session'
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

-- step settleSecondFactor
WITH cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $1 AND EXISTS (SELECT 1 FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $2::uuid AND s.created_at = now()) o) RETURNING t.bucket),
remembered AS (
  INSERT INTO second_factor_devices (user_id, device_id, completed_at) SELECT o.user_id, $3::uuid, now() FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $4::uuid AND s.created_at = now()) o
  ON CONFLICT (user_id, device_id) DO UPDATE SET completed_at = now(), misses = 0
),
forgiven AS (
  UPDATE second_factor_devices d SET misses = 0 FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $5::uuid AND s.created_at = now()) o
  WHERE d.user_id = o.user_id AND d.device_id = $6::uuid AND d.device_id <> $7::uuid
),
forgotten AS (
  DELETE FROM second_factor_devices d WHERE (d.user_id, d.device_id) IN (
    SELECT x.user_id, x.device_id FROM second_factor_devices x JOIN (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $8::uuid AND s.created_at = now()) o ON o.user_id = x.user_id
    WHERE x.device_id <> ALL (ARRAY[$9, $10, $11]::uuid[])
    ORDER BY x.completed_at DESC NULLS LAST, x.device_id OFFSET $12::int)
)
UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $13::uuid AND s.created_at = now()) o
WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
RETURNING u.id AS user_id;

-- step answer
SELECT EXISTS (SELECT FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND ($3::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) AS is_open, x.*
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
  WHERE u.id = (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c)
) x ON true;

-- shape 2 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 1

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step trust
WITH added AS (
  INSERT INTO trusted_devices (id, user_id, device, location, expires_at)
  SELECT $1::uuid, o.user_id, $2::jsonb,
    $3::jsonb, now() + make_interval(secs => $4::int)
  FROM (SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = $5::uuid AND s.created_at = now()) o
  ON CONFLICT (id) DO NOTHING
  RETURNING user_id
)
DELETE FROM trusted_devices d USING added a
WHERE d.user_id = a.user_id AND (d.id = ANY ($6::uuid[]) OR d.id IN (
    SELECT x.id FROM trusted_devices x WHERE x.user_id = a.user_id
    ORDER BY x.last_used_at DESC, x.id OFFSET $7::int));

-- step answer: as in shape 1

-- shape 3 of 9

-- step holdUser: as in shape 1

-- step accept
WITH accepted AS (
  UPDATE backup_codes b SET used_at = now(), used_by = $1::uuid FROM (SELECT u.id AS user_id FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($2::text, 'hex') AND t.kind = $3 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
    WHERE u.banned_at IS NULL AND ($4::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) o
  WHERE b.user_id = o.user_id AND b.code_hash = decode($5::text, 'hex') AND b.used_at IS NULL
  RETURNING b.user_id)
UPDATE one_time_tokens t SET spent_at = now(), spent_by = $6::uuid FROM accepted h
WHERE t.token_hash = decode($7::text, 'hex') AND t.kind = $8 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket;

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

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
      SELECT b.user_id FROM backup_codes b
      WHERE b.user_id = $17::uuid AND b.code_hash = decode($18::text, 'hex')
        AND b.used_by = $19::uuid AND b.used_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $20::boolean OR r.recipient IS NOT NULL;

-- step answer: as in shape 1

-- shape 4 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 3

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step trust: as in shape 2

-- step tellOwner: as in shape 3

-- step answer: as in shape 1

-- shape 5 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 1

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

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

-- step answer: as in shape 1

-- shape 6 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 1

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
FROM (SELECT c.user_id FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t
    WHERE t.token_hash = decode($15::text, 'hex') AND t.kind = $16 AND t.spent_by = $17::uuid AND t.spent_at = now()) c) o JOIN users u ON u.id = o.user_id
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step answer
SELECT EXISTS (SELECT FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND ($3::boolean OR t.challenge->>'transport' IS DISTINCT FROM 'cookie')) AS is_open, x.*
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $4::uuid AND s.user_id = u.id
  WHERE u.id = (SELECT c.user_id FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_by = $7::uuid) c)
) x ON true;

-- shape 7 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 1

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step trust: as in shape 2

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step answer: as in shape 1

-- shape 8 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 3

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step tellOwner: as in shape 3

-- step answer: as in shape 1

-- shape 9 of 9

-- step holdUser: as in shape 1

-- step accept: as in shape 3

-- step beginSession: as in shape 1

-- step settle: as in shape 1

-- step settleSecondFactor: as in shape 1

-- step trust: as in shape 2

-- step queueNewDeviceMail: as in shape 5

-- step issueNotMeLink: as in shape 5

-- step tellOwner: as in shape 3

-- step answer: as in shape 1
