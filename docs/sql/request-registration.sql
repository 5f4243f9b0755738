-- Stores a pending registration and queues the mail with its link, where nobody has the address or the account that has
-- it is unverified.
-- src/features/password/register/pending/queries.ts

-- shape 1 of 2

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

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT $1::text AS recipient_key) s;

-- step store
INSERT INTO registration_attempts AS r (id, email, name, locale, password_hash, subject, expires_at)
SELECT $1::uuid, CASE WHEN s.is_wanted THEN $2::text ELSE '' END, CASE WHEN s.is_wanted THEN $3::text ELSE '' END, CASE WHEN s.is_wanted THEN $4::text END,
  CASE WHEN s.is_wanted THEN $5::text ELSE '' END, CASE WHEN s.is_wanted THEN $6::text ELSE '' END,
  CASE WHEN s.is_wanted THEN now() + make_interval(secs => $7::int) ELSE now() END
FROM (
  SELECT CASE
    WHEN $8 = $9::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($10::text[]) OR x.address_key = ANY ($11::text[])) AND x.id IS DISTINCT FROM $12::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($13::text[]) OR t.target_key = ANY ($14::text[]))
      AND t.owner_id IS DISTINCT FROM $15::uuid
      AND NOT ($16::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($17::text[]) OR x.address_key = ANY ($18::text[])) AND x.id IS DISTINCT FROM $19::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[]))) THEN 'own'
    ELSE 'free' END IN ('free', 'open') AS is_wanted
  WHERE EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $22 AND c.last_attempt_id = $23::uuid) AND (
    SELECT count(*) FILTER (WHERE c.client_key = $24) < $25::int AND count(*) < $26::int
    FROM mail_outbox c
    WHERE c.network_key = $27 AND c.created_at > now() - make_interval(secs => $28::int) AND c.id IS DISTINCT FROM $29::uuid) AND NOT EXISTS (SELECT FROM registration_attempts p WHERE p.id = $30::uuid)) s
ON CONFLICT (id) DO NOTHING
RETURNING CASE WHEN r.email <> '' THEN r.id END AS registration_id, nullif(r.email, '') AS email, r.locale;

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
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < CASE WHEN bool_or(o.network_key = $11) THEN $12::int ELSE $13::int END
        AND count(*) FILTER (WHERE o.kind = $14)
        < CASE WHEN s.is_verified THEN $15::int ELSE $16::int END
        AND (s.is_verified OR count(*) < $17::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $18::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (
    SELECT o.user_id, o.recipient, $19::text AS recipient_key, o.is_verified, o.locale
    FROM (
      SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
        NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM users u
      WHERE (lower(u.email) = ANY ($20::text[]) OR u.address_key = ANY ($21::text[])) AND NOT ((u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AND u.banned_at IS NULL) AND NOT $22::boolean
      ORDER BY lower(u.email) = $23 DESC LIMIT 1
    ) o
    WHERE EXISTS (SELECT FROM (
        SELECT CASE WHEN p.email <> '' THEN p.id END AS registration_id, nullif(p.email, '') AS email, NULL::uuid AS user_id,
          nullif(p.email, '') AS recipient, $24::text AS recipient_key, false AS is_verified, $25::text AS locale
        FROM registration_attempts p WHERE p.id = $26::uuid AND p.created_at = now()) a WHERE a.registration_id IS NULL)) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $27) < $28::int AND count(*) < $29::int
    FROM mail_outbox c
    WHERE c.network_key = $30 AND c.created_at > now() - make_interval(secs => $31::int) AND c.id IS DISTINCT FROM $32::uuid)
) r
WHERE $33::boolean OR r.recipient IS NOT NULL;

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
    SELECT a.* FROM (
      SELECT CASE WHEN p.email <> '' THEN p.id END AS registration_id, nullif(p.email, '') AS email, NULL::uuid AS user_id,
        nullif(p.email, '') AS recipient, $22::text AS recipient_key, false AS is_verified, $23::text AS locale
      FROM registration_attempts p WHERE p.id = $24::uuid AND p.created_at = now()) a WHERE NOT EXISTS (
      SELECT FROM mail_outbox m
      WHERE m.operation_id = $25::uuid AND m.kind = $26 AND m.finished_at IS NULL AND m.created_at = now())) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $27) < $28::int AND count(*) < $29::int
    FROM mail_outbox c
    WHERE c.network_key = $30 AND c.created_at > now() - make_interval(secs => $31::int) AND c.id IS DISTINCT FROM $32::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step keepNothingUnsent
UPDATE registration_attempts r SET email = '', name = '', locale = NULL, password_hash = '', subject = '', expires_at = now()
WHERE r.id = $1::uuid AND r.email <> '' AND r.created_at = now() AND NOT EXISTS (SELECT FROM mail_outbox m WHERE m.id = $2::uuid AND m.created_at = now() AND m.outcome IS NULL);

-- step issueLink
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.registration_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (
  SELECT CASE WHEN p.email <> '' THEN p.id END AS registration_id, nullif(p.email, '') AS email, NULL::uuid AS user_id,
    nullif(p.email, '') AS recipient, $4::text AS recipient_key, false AS is_verified, $5::text AS locale
  FROM registration_attempts p WHERE p.id = $6::uuid AND p.created_at = now()) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer
SELECT (
  SELECT ceil(extract(epoch FROM max(t.window_ends_at) - now()))::int FROM login_attempts t
  WHERE t.bucket = ANY ($1::text[]) AND t.window_ends_at > now()
    AND t.count >= CASE WHEN t.bucket = $2 THEN $3::int ELSE $4::int END AND NOT EXISTS (SELECT FROM login_attempts c WHERE c.bucket = $5 AND c.last_attempt_id = $6::uuid)) AS registrations,
  CASE WHEN NOT EXISTS (SELECT FROM registration_attempts p WHERE p.id = $7::uuid) THEN ceil(extract(epoch FROM greatest((
        SELECT c.created_at FROM mail_outbox c WHERE c.network_key = $8 AND c.client_key = $9 AND c.created_at > now() - make_interval(secs => $10::int)
        ORDER BY c.created_at DESC OFFSET $11::int LIMIT 1),
        (
        SELECT c.created_at FROM mail_outbox c WHERE c.network_key = $12  AND c.created_at > now() - make_interval(secs => $13::int)
        ORDER BY c.created_at DESC OFFSET $14::int LIMIT 1)) + make_interval(secs => $15::int) - now()))::int END AS mails;

-- shape 2 of 2

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

-- step holdClient: as in shape 1

-- step holdRecipient: as in shape 1

-- step store: as in shape 1

-- step tellOwner: as in shape 1

-- step queueMail: as in shape 1

-- step keepNothingUnsent: as in shape 1

-- step issueLink: as in shape 1

-- step answer: as in shape 1
