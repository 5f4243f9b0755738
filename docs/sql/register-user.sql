-- Creates a user and the first session, both or neither, where nobody else has a claim on the address, and queues the
-- verification mail within its budgets.
-- src/features/password/register/queries.ts

-- shape 1 of 5

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

-- step createUser
INSERT INTO users (id, email, address_key, name, password_hash, locale)
SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text
WHERE NOT (NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $7 AND c.last_attempt_id = $8::uuid) OR CASE
    WHEN $9 = $10::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($11::text[]) OR x.address_key = ANY ($12::text[])) AND x.id IS DISTINCT FROM $13::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($14::text[]) OR t.target_key = ANY ($15::text[]))
      AND t.owner_id IS DISTINCT FROM $16::uuid
      AND NOT ($17::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($18::text[]) OR x.address_key = ANY ($19::text[])) AND x.id IS DISTINCT FROM $20::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($21::text[]) OR x.address_key = ANY ($22::text[]))) THEN 'own'
    ELSE 'free' END <> 'free')
ON CONFLICT DO NOTHING
RETURNING id;

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

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT u.id AS user_id, s.id AS session_id FROM users u LEFT JOIN sessions s ON s.id = $10::uuid AND s.user_id = u.id WHERE u.id = $11::uuid AND u.created_at = now()) e;

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS refused_for, x.*
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false)) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $7::uuid AND s.user_id = u.id WHERE u.id = $8::uuid
) x ON true;

-- shape 2 of 5

-- step countClient
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket WHERE NOT EXISTS (SELECT FROM login_attempts t
    WHERE t.bucket = ANY ($4::text[]) AND t.window_ends_at > now()
      AND t.count >= CASE WHEN t.bucket = $5 THEN $6::int ELSE $7::int END AND t.bucket = $8)) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $9::int OR (t.count = $10::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step countNetwork
INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
SELECT s.bucket, 1, $1::uuid, now() + make_interval(secs => $2::int) FROM (SELECT $3::text AS bucket WHERE EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $4 AND c.last_attempt_id = $5::uuid)) s
ON CONFLICT (bucket) DO UPDATE SET
  count = CASE
  WHEN t.window_ends_at <= now() THEN 1
  WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
  ELSE t.count + 1
  END,
  last_attempt_id = excluded.last_attempt_id,
  window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
WHERE t.window_ends_at <= now() OR t.count < $6::int OR (t.count = $7::int AND t.last_attempt_id = excluded.last_attempt_id)
RETURNING t.bucket, t.count AS number;

-- step createUser: as in shape 1

-- step beginSession: as in shape 1

-- step record: as in shape 1

-- step answer: as in shape 1

-- shape 3 of 5

-- step countClient: as in shape 1

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step createUser: as in shape 1

-- step beginSession: as in shape 1

-- step record: as in shape 1

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
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
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

-- step answer: as in shape 1

-- shape 4 of 5

-- step countClient: as in shape 1

-- step holdClient: as in shape 3

-- step createUser: as in shape 1

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
WHERE CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $16)) THEN 'challenge' ELSE 'session' END = 'session'
ON CONFLICT (id) DO NOTHING;

-- step record: as in shape 1

-- step holdRecipient: as in shape 3

-- step queueMail: as in shape 3

-- step issueLink: as in shape 3

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS refused_for, x.*
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
    u.two_factor_since IS NOT NULL AS two_factor_enabled, u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, s.id AS session_id, floor(extract(epoch FROM coalesce(s.second_factor_at, s.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $7)) THEN 'challenge' ELSE 'session' END AS verdict,
    '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END || CASE WHEN (u.name = $8) THEN $9::text[] ELSE '{}' END AS methods, (coalesce(u.two_factor_reset_at <= now(), false) OR false) AS has_lapsed_factor FROM users u LEFT JOIN sessions s ON s.id = $10::uuid AND s.user_id = u.id WHERE u.id = $11::uuid
) x ON true;

-- shape 5 of 5

-- step countClient: as in shape 2

-- step countNetwork: as in shape 2

-- step holdClient: as in shape 3

-- step createUser: as in shape 1

-- step beginSession: as in shape 1

-- step record: as in shape 1

-- step holdRecipient: as in shape 3

-- step queueMail: as in shape 3

-- step issueLink: as in shape 3

-- step answer: as in shape 1
