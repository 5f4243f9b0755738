-- Stores the token of a change and queues the mail with its link.
-- src/features/email-change/request/queries.ts

-- shape 1 of 2

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step judge
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END END AS refused_by, CASE
  WHEN $8 = $9::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($10::text[]) OR x.address_key = ANY ($11::text[])) AND x.id IS DISTINCT FROM $12::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($13::text[]) OR t.target_key = ANY ($14::text[]))
    AND t.owner_id IS DISTINCT FROM $15::uuid
    AND NOT ($16::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($17::text[]) OR x.address_key = ANY ($18::text[])) AND x.id IS DISTINCT FROM $19::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[]))) THEN 'own'
  ELSE 'free' END AS claim FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $22::uuid AND s.user_id = $23::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step issue
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, $3::text, $4::text, $5::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $6::int)
FROM (
  SELECT u.id AS user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $7::uuid AND s.user_id = $8::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $9::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $10::int) END))
    AND CASE
    WHEN $11 = $12::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($16::text[]) OR t.target_key = ANY ($17::text[]))
      AND t.owner_id IS DISTINCT FROM $18::uuid
      AND NOT ($19::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[])) AND x.id IS DISTINCT FROM $22::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($23::text[]) OR x.address_key = ANY ($24::text[]))) THEN 'own'
    ELSE 'free' END NOT IN ('own', 'reserved') AND (
    SELECT count(*) FILTER (WHERE c.client_key = $25) < $26::int AND count(*) < $27::int
    FROM mail_outbox c
    WHERE c.network_key = $28 AND c.created_at > now() - make_interval(secs => $29::int) AND c.id IS DISTINCT FROM $30::uuid)) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT i.user_id, $10::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
    WHERE t.token_hash = decode($11::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) e;

-- step endOthers
DELETE FROM one_time_tokens t USING (SELECT i.user_id, $1::uuid AS session_id FROM (
    SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
    WHERE t.token_hash = decode($2::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) o
WHERE t.owner_id = o.user_id AND t.kind = $3 AND t.spent_at IS NULL AND t.target_email <> $4;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (
  SELECT a.user_id, $1::text AS recipient, $2::text AS recipient_key, false AS is_verified, u.locale
  FROM (SELECT i.user_id, $3::uuid AS session_id FROM (
      SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
      WHERE t.token_hash = decode($4::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) a JOIN users u ON u.id = a.user_id) s;

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
  FROM (SELECT x.id AS user_id, x.email::text AS recipient, coalesce(x.address_key, 'user:' || x.id) AS recipient_key,
      NOT (x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AS is_verified, x.locale FROM (SELECT i.user_id, $19::uuid AS session_id FROM (
        SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
        WHERE t.token_hash = decode($20::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) a, users x
    WHERE (lower(x.email) = ANY ($21::text[]) OR x.address_key = ANY ($22::text[])) AND x.id <> a.user_id LIMIT 1) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $23) < $24::int AND count(*) < $25::int
    FROM mail_outbox c
    WHERE c.network_key = $26 AND c.created_at > now() - make_interval(secs => $27::int) AND c.id IS DISTINCT FROM $28::uuid)
) r
WHERE $29::boolean OR r.recipient IS NOT NULL;

-- step tellFormerOwner
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
  FROM (SELECT t.owner_id AS user_id, t.target_email AS recipient, $19::text AS recipient_key,
      coalesce(t.way_back, 'final') = 'final' AS is_verified, (SELECT u.locale FROM users u WHERE u.id = t.owner_id) AS locale
    FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($20::text[]) OR t.target_key = ANY ($21::text[]))
      AND t.owner_id IS DISTINCT FROM $22::uuid
      AND NOT ($23::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected') AND EXISTS (
      SELECT FROM (
        SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
        WHERE t.token_hash = decode($24::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) LIMIT 1) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $25) < $26::int AND count(*) < $27::int
    FROM mail_outbox c
    WHERE c.network_key = $28 AND c.created_at > now() - make_interval(secs => $29::int) AND c.id IS DISTINCT FROM $30::uuid)
) r
WHERE $31::boolean OR r.recipient IS NOT NULL;

-- step mailNewAddress
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
    SELECT a.user_id, $22::text AS recipient, $23::text AS recipient_key, false AS is_verified, u.locale
    FROM (SELECT i.user_id, $24::uuid AS session_id FROM (
        SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
        WHERE t.token_hash = decode($25::text, 'hex') AND t.spent_at IS NULL AND t.owner_id IS NOT NULL) i WHERE i.created_at = now()) a JOIN users u ON u.id = a.user_id WHERE NOT EXISTS (
      SELECT FROM mail_outbox m
      WHERE m.network_key = $26 AND m.created_at = now() AND m.operation_id = $27::uuid)) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $28) < $29::int AND count(*) < $30::int
    FROM mail_outbox c
    WHERE c.network_key = $31 AND c.created_at > now() - make_interval(secs => $32::int) AND c.id IS DISTINCT FROM $33::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- shape 2 of 2

-- step holdClient: as in shape 1

-- step holdUser: as in shape 1

-- step judge
SELECT CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
    THEN coalesce(s.second_factor_at > now() - make_interval(secs => $1::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
    ELSE s.authenticated_at > now() - make_interval(secs => $2::int) END) THEN ARRAY[$3::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $4 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($5::text[])) THEN $6 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $7 END]::text[], NULL) END WHEN NOT false THEN ARRAY[$8::text] END AS refused_by, CASE
  WHEN $9 = $10::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($11::text[]) OR x.address_key = ANY ($12::text[])) AND x.id IS DISTINCT FROM $13::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($14::text[]) OR t.target_key = ANY ($15::text[]))
    AND t.owner_id IS DISTINCT FROM $16::uuid
    AND NOT ($17::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($18::text[]) OR x.address_key = ANY ($19::text[])) AND x.id IS DISTINCT FROM $20::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($21::text[]) OR x.address_key = ANY ($22::text[]))) THEN 'own'
  ELSE 'free' END AS claim FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $23::uuid AND s.user_id = $24::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step issue
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, $3::text, $4::text, $5::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $6::int)
FROM (
  SELECT u.id AS user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $7::uuid AND s.user_id = $8::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
        THEN coalesce(s.second_factor_at > now() - make_interval(secs => $9::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
        ELSE s.authenticated_at > now() - make_interval(secs => $10::int) END) AND false)
    AND CASE
    WHEN $11 = $12::text THEN 'reserved'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
    WHEN EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($16::text[]) OR t.target_key = ANY ($17::text[]))
      AND t.owner_id IS DISTINCT FROM $18::uuid
      AND NOT ($19::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($20::text[]) OR x.address_key = ANY ($21::text[])) AND x.id IS DISTINCT FROM $22::uuid) THEN 'open'
    WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($23::text[]) OR x.address_key = ANY ($24::text[]))) THEN 'own'
    ELSE 'free' END NOT IN ('own', 'reserved') AND (
    SELECT count(*) FILTER (WHERE c.client_key = $25) < $26::int AND count(*) < $27::int
    FROM mail_outbox c
    WHERE c.network_key = $28 AND c.created_at > now() - make_interval(secs => $29::int) AND c.id IS DISTINCT FROM $30::uuid)) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step record: as in shape 1

-- step endOthers: as in shape 1

-- step holdRecipient: as in shape 1

-- step tellOwner: as in shape 1

-- step tellFormerOwner: as in shape 1

-- step mailNewAddress: as in shape 1
