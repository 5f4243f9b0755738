-- Reserves an attempt at the account of the address and reads what a login needs to check a password.
-- src/features/password/queries.ts

-- shape 1 of 4

-- step reserve
WITH account AS (SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict, u.device_generation FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) NULLS LAST LIMIT 1),
counted AS (
  SELECT $4::text || ':' || coalesce((
      SELECT $5::text FROM unnest($6::uuid[], $7::int[]) AS k (id, gen)
      WHERE k.id = a.user_id AND k.gen = a.device_generation LIMIT 1)::text, 'world') AS bucket, a.*
  FROM (SELECT) one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM (SELECT c.bucket FROM counted c WHERE NOT EXISTS (
      SELECT FROM login_attempts f WHERE f.bucket = c.bucket AND f.count > $10::int AND f.window_ends_at > now())) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $11::int + 1
  RETURNING t.bucket, t.count AS number),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
    $16::uuid, $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM (SELECT c.user_id, NULL::uuid AS session_id FROM counted c, reserved r WHERE r.number > $21::int) e )
SELECT c.*, nullif(r.number, $22::int + 1) AS number,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $23::int) AS retry_after_seconds, NULL::text AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;

-- step holdBudgets
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0)),
  pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0))
FROM (
  SELECT a.*, $2::text AS recipient_key
  FROM (SELECT) one LEFT JOIN (
    SELECT u.id AS user_id, u.locale, NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified,
      CASE WHEN u.email = ANY ($3::text[]) AND u.banned_at IS NULL THEN u.email::text END AS recipient
    FROM users u WHERE (lower(u.email) = ANY ($4::text[]) OR u.address_key = ANY ($5::text[]))
    ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($6::text[], lower(u.email)) NULLS LAST LIMIT 1
  ) a ON true
  WHERE (
    SELECT bool_or((t.count = $7::int + 1 AND t.window_ends_at > now())) AND NOT bool_or(t.last_attempt_id = $8::uuid AND t.count <= $9::int)
    FROM login_attempts t WHERE t.bucket = ANY ($10::text[]))) s;

-- step queueLockMail
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
    SELECT a.*, $22::text AS recipient_key
    FROM (SELECT) one LEFT JOIN (
      SELECT u.id AS user_id, u.locale, NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified,
        CASE WHEN u.email = ANY ($23::text[]) AND u.banned_at IS NULL THEN u.email::text END AS recipient
      FROM users u WHERE (lower(u.email) = ANY ($24::text[]) OR u.address_key = ANY ($25::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($26::text[], lower(u.email)) NULLS LAST LIMIT 1
    ) a ON true
    WHERE (
      SELECT bool_or((t.count = $27::int + 1 AND t.window_ends_at > now())) AND NOT bool_or(t.last_attempt_id = $28::uuid AND t.count <= $29::int)
      FROM login_attempts t WHERE t.bucket = ANY ($30::text[]))) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $31) < $32::int AND count(*) < $33::int
    FROM mail_outbox c
    WHERE c.network_key = $34 AND c.created_at > now() - make_interval(secs => $35::int) AND c.id IS DISTINCT FROM $36::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step issueUnlockLink
WITH told AS (
  UPDATE login_attempts t SET count = $1::int + 2
  WHERE t.bucket = ANY ($2::text[]) AND (t.count = $3::int + 1 AND t.window_ends_at > now()) AND EXISTS (SELECT FROM (
      SELECT m.user_id, nullif(m.recipient, '') AS email, m.recipient_key FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() ) q))
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($5::text, 'hex'), $6, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, $7::text::text, now(), greatest(now() + make_interval(secs => $8::int), (
    SELECT min(o.created_at) + make_interval(secs => $9::int) FROM mail_outbox o
    WHERE o.recipient_key = s.recipient_key AND o.kind = 'account_locked' AND o.outcome IS DISTINCT FROM 'dropped'
      AND o.created_at > now() - make_interval(secs => $10::int)
    HAVING count(*) >= $11::int))
FROM (
  SELECT m.user_id, nullif(m.recipient, '') AS email, m.recipient_key FROM mail_outbox m WHERE m.id = $12::uuid AND m.created_at = now() ) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- shape 2 of 4

-- step reserve
WITH account AS (SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $1)) THEN 'challenge' ELSE 'session' END AS verdict, u.device_generation FROM users u WHERE (lower(u.email) = ANY ($2::text[]) OR u.address_key = ANY ($3::text[]))
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($4::text[], lower(u.email)) NULLS LAST LIMIT 1),
counted AS (
  SELECT $5::text || ':' || coalesce((
      SELECT $6::text FROM unnest($7::uuid[], $8::int[]) AS k (id, gen)
      WHERE k.id = a.user_id AND k.gen = a.device_generation LIMIT 1)::text, 'world') AS bucket, a.*
  FROM (SELECT) one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $9::uuid, now() + make_interval(secs => $10::int) FROM (SELECT c.bucket FROM counted c WHERE NOT EXISTS (
      SELECT FROM login_attempts f WHERE f.bucket = c.bucket AND f.count > $11::int AND f.window_ends_at > now())) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $12::int + 1
  RETURNING t.bucket, t.count AS number),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::uuid, $19::inet, $20::text,
    $21::jsonb
  FROM (SELECT c.user_id, NULL::uuid AS session_id FROM counted c, reserved r WHERE r.number > $22::int) e )
SELECT c.*, nullif(r.number, $23::int + 1) AS number,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $24::int) AS retry_after_seconds, NULL::text AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;

-- step holdBudgets: as in shape 1

-- step queueLockMail: as in shape 1

-- step issueUnlockLink: as in shape 1

-- shape 3 of 4

-- step reserve
WITH account AS (SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
        SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($1::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END AS verdict, u.device_generation FROM users u WHERE (lower(u.email) = ANY ($2::text[]) OR u.address_key = ANY ($3::text[]))
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($4::text[], lower(u.email)) NULLS LAST LIMIT 1),
counted AS (
  SELECT $5::text || ':' || coalesce((
      SELECT $6::text FROM unnest($7::uuid[], $8::int[]) AS k (id, gen)
      WHERE k.id = a.user_id AND k.gen = a.device_generation LIMIT 1)::text, 'world') AS bucket, a.*
  FROM (SELECT) one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $9::uuid, now() + make_interval(secs => $10::int) FROM (SELECT c.bucket FROM counted c WHERE NOT EXISTS (
      SELECT FROM login_attempts f WHERE f.bucket = c.bucket AND f.count > $11::int AND f.window_ends_at > now())) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $12::int + 1
  RETURNING t.bucket, t.count AS number),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::uuid, $19::inet, $20::text,
    $21::jsonb
  FROM (SELECT c.user_id, NULL::uuid AS session_id FROM counted c, reserved r WHERE r.number > $22::int) e )
SELECT c.*, nullif(r.number, $23::int + 1) AS number,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $24::int) AS retry_after_seconds, NULL::text AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;

-- step holdBudgets: as in shape 1

-- step queueLockMail: as in shape 1

-- step issueUnlockLink: as in shape 1

-- shape 4 of 4

-- step reserve
WITH account AS (SELECT u.id AS user_id, u.email, u.address_key, u.password_hash, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict, u.device_generation FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) NULLS LAST LIMIT 1),
counted AS (
  SELECT $4::text || ':' || coalesce((
      SELECT $5::text FROM unnest($6::uuid[], $7::int[]) AS k (id, gen)
      WHERE k.id = a.user_id AND k.gen = a.device_generation LIMIT 1)::text, 'world') AS bucket, a.*
  FROM (SELECT) one LEFT JOIN account a ON true
),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM (SELECT c.bucket FROM counted c WHERE NOT EXISTS (
      SELECT FROM login_attempts f WHERE f.bucket = c.bucket AND f.count > $10::int AND f.window_ends_at > now())) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $11::int + 1
  RETURNING t.bucket, t.count AS number),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
    $16::uuid, $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM (SELECT c.user_id, NULL::uuid AS session_id FROM counted c, reserved r WHERE r.number > $21::int) e )
SELECT c.*, nullif(r.number, $22::int + 1) AS number,
  coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $23::int) AS retry_after_seconds, (SELECT r.password_hash FROM registration_attempts r WHERE r.email = $24 AND r.expires_at > now() AND c.user_id IS NULL ORDER BY r.created_at DESC, r.id DESC LIMIT 1) AS pending_password_hash
FROM counted c LEFT JOIN reserved r ON true;

-- step holdBudgets: as in shape 1

-- step queueLockMail: as in shape 1

-- step issueUnlockLink: as in shape 1
