-- Queues a new verification link: for the account with the address while that is unverified, or for the newest pending
-- registration when no account has the address and registration is open.
-- src/features/email-verification/resend/queries.ts

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step holdAccount
SELECT u.id FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) NULLS LAST LIMIT 1 FOR KEY SHARE OF u;

-- step holdRegistration
SELECT r.id
FROM registration_attempts r WHERE r.email = $1 AND r.expires_at > now() AND $2::boolean
  AND NOT EXISTS (SELECT FROM users u WHERE (lower(u.email) = ANY ($3::text[]) OR u.address_key = ANY ($4::text[]))
  ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($5::text[], lower(u.email)) NULLS LAST LIMIT 1) ORDER BY r.created_at DESC, r.id DESC LIMIT 1 FOR KEY SHARE OF r;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT $1::text AS recipient_key, false AS is_verified) s;

-- step queueToRegistration
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
  FROM (SELECT NULL::uuid AS user_id, r.email AS recipient, $22::text AS recipient_key, false AS is_verified, r.locale
    FROM registration_attempts r WHERE r.email = $23 AND r.expires_at > now() AND $24::boolean
      AND NOT EXISTS (SELECT FROM users u WHERE (lower(u.email) = ANY ($25::text[]) OR u.address_key = ANY ($26::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($27::text[], lower(u.email)) NULLS LAST LIMIT 1) ORDER BY r.created_at DESC, r.id DESC LIMIT 1) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $28) < $29::int AND count(*) < $30::int
    FROM mail_outbox c
    WHERE c.network_key = $31 AND c.created_at > now() - make_interval(secs => $32::int) AND c.id IS DISTINCT FROM $33::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step queueToAccount
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
    SELECT a.user_id, a.recipient, $22::text AS recipient_key, false AS is_verified, a.locale
    FROM (VALUES (NOT $23::boolean)) AS one (is_possible) LEFT JOIN (
      SELECT u.id AS user_id, u.email::text AS recipient, u.locale, u.email_verified_at, u.banned_at
      FROM users u WHERE (lower(u.email) = ANY ($24::text[]) OR u.address_key = ANY ($25::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($26::text[], lower(u.email)) NULLS LAST LIMIT 1
    ) a ON one.is_possible AND a.email_verified_at IS NULL AND a.banned_at IS NULL
      AND a.recipient = ANY ($27::text[])
    WHERE NOT EXISTS (SELECT FROM mail_outbox m WHERE m.id = $28::uuid)) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $29) < $30::int AND count(*) < $31::int
    FROM mail_outbox c
    WHERE c.network_key = $32 AND c.created_at > now() - make_interval(secs => $33::int) AND c.id IS DISTINCT FROM $34::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step issueToRegistration
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.owner_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT CASE WHEN m.outcome IS NULL THEN (SELECT r.id
    FROM registration_attempts r WHERE r.email = $4 AND r.expires_at > now() AND $5::boolean
      AND NOT EXISTS (SELECT FROM users u WHERE (lower(u.email) = ANY ($6::text[]) OR u.address_key = ANY ($7::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($8::text[], lower(u.email)) NULLS LAST LIMIT 1) ORDER BY r.created_at DESC, r.id DESC LIMIT 1) END AS owner_id, nullif(m.recipient, '') AS email FROM mail_outbox m WHERE m.id = $9::uuid AND m.created_at = now() ) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step issueToAccount
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.owner_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT CASE WHEN m.outcome IS NULL THEN m.user_id END AS owner_id, nullif(m.recipient, '') AS email FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() ) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;
