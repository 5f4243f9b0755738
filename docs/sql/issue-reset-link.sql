-- Issues a reset link to the account of the address and queues its mail.
-- src/features/password/reset/queries.ts

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step holdAccount
SELECT u.id AS user_id FROM users u WHERE (lower(u.email) = ANY ($1::text[]) OR u.address_key = ANY ($2::text[]))
ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($3::text[], lower(u.email)) NULLS LAST LIMIT 1 FOR KEY SHARE OF u;

-- step holdWayBack
SELECT u.id AS user_id, t.target_email AS recipient, $1::text AS recipient_key,
  coalesce(t.way_back, 'final') = 'final' AS is_verified, u.locale, t.target_key, t.way_back, t.created_at, t.expires_at
FROM users u JOIN (SELECT t.* FROM one_time_tokens t WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = ANY ($2::text[])) t ON t.owner_id = u.id
WHERE u.banned_at IS NULL
  AND NOT EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($3::text[]) OR x.address_key = ANY ($4::text[])))
ORDER BY t.way_back IS NOT DISTINCT FROM 'corrected', t.created_at LIMIT 1 FOR KEY SHARE OF u FOR SHARE OF t;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT $1::text AS recipient_key) s;

-- step queueWayBack
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT $1::uuid, $2, coalesce(r.recipient, ''), r.recipient_key, $3::text,
  $4::text, coalesce(r.locale, $5::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $6::uuid, $7::uuid,
  ($8::text[])[array_position($9::text[], r.recipient)],
  least(now() + make_interval(secs => $10::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.expires_at::timestamptz AS link_expires_at, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $11 AND o.created_at > now() - make_interval(secs => $12::int)) < CASE WHEN bool_or(o.network_key = $13) THEN $14::int ELSE $15::int END
        AND count(*) FILTER (WHERE o.kind = $16)
        < CASE WHEN s.is_verified THEN $17::int ELSE $18::int END
        AND (s.is_verified OR count(*) < $19::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $20::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id <> $21::uuid)) THEN s.recipient::text END AS recipient
  FROM (
    SELECT u.id AS user_id, t.target_email AS recipient, $22::text AS recipient_key,
      coalesce(t.way_back, 'final') = 'final' AS is_verified, u.locale, t.target_key, t.way_back, t.created_at, t.expires_at
    FROM users u JOIN (SELECT t.* FROM one_time_tokens t WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = ANY ($23::text[])) t ON t.owner_id = u.id
    WHERE u.banned_at IS NULL
      AND NOT EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($24::text[]) OR x.address_key = ANY ($25::text[])))
    ORDER BY t.way_back IS NOT DISTINCT FROM 'corrected', t.created_at LIMIT 1) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $26) < $27::int AND count(*) < $28::int
    FROM mail_outbox c
    WHERE c.network_key = $29 AND c.created_at > now() - make_interval(secs => $30::int) AND c.id IS DISTINCT FROM $31::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step queueReset
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
    SELECT a.user_id, a.recipient, $22::text AS recipient_key, a.is_verified, a.locale
    FROM (SELECT 1) one LEFT JOIN (
      SELECT u.id AS user_id, u.email AS recipient, NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM users u
      WHERE u.id = (SELECT u.id FROM users u WHERE (lower(u.email) = ANY ($23::text[]) OR u.address_key = ANY ($24::text[]))
        ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($25::text[], lower(u.email)) NULLS LAST LIMIT 1) AND u.banned_at IS NULL
        AND u.email = ANY ($26::text[])
    ) a ON true
    WHERE NOT EXISTS (SELECT FROM mail_outbox m WHERE m.id = $27::uuid)) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $28) < $29::int AND count(*) < $30::int
    FROM mail_outbox c
    WHERE c.network_key = $31 AND c.created_at > now() - make_interval(secs => $32::int) AND c.id IS DISTINCT FROM $33::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step renewWayBack
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, s.recipient::text, s.target_key::text,
  s.way_back::text, NULL::text, coalesce(s.created_at, now()), coalesce(s.expires_at, now() + make_interval(secs => $3::int))
FROM (
  SELECT w.* FROM (SELECT m.outcome FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() ) q
  LEFT JOIN (
    SELECT u.id AS user_id, t.target_email AS recipient, $5::text AS recipient_key,
      coalesce(t.way_back, 'final') = 'final' AS is_verified, u.locale, t.target_key, t.way_back, t.created_at, t.expires_at
    FROM users u JOIN (SELECT t.* FROM one_time_tokens t WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = ANY ($6::text[])) t ON t.owner_id = u.id
    WHERE u.banned_at IS NULL
      AND NOT EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($7::text[]) OR x.address_key = ANY ($8::text[])))
    ORDER BY t.way_back IS NOT DISTINCT FROM 'corrected', t.created_at LIMIT 1) w ON q.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step issueReset
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, nullif(m.recipient, '') AS email FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() ) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT m.user_id, NULL::uuid AS session_id FROM mail_outbox m WHERE m.id = $10::uuid AND m.created_at = now()
  UNION ALL SELECT NULL, NULL FROM mail_outbox m WHERE m.id = $11::uuid AND m.created_at = now() ) e;
