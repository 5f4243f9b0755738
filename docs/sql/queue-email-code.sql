-- Queues the mail with the code and stores what the code is recognised by, in the place of every earlier one of the
-- account, if the account and the budgets still allow it; else it writes nothing.
-- src/features/email-code/request/queries.ts

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step keepSession
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

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
    SELECT s.* FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
        NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $22::uuid AND s.user_id = $23::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) AND NOT ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))) s
    WHERE s.recipient = ANY ($24::text[])
      AND (
      SELECT ceil(extract(epoch FROM o.created_at + make_interval(secs => $25::int) - now()))::int
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.kind = $26 AND o.created_at > now() - make_interval(secs => $27::int)
        AND o.outcome IS DISTINCT FROM 'dropped' AND o.id IS DISTINCT FROM $28::uuid
      ORDER BY o.created_at DESC OFFSET $29::int LIMIT 1) IS NULL) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $30) < $31::int AND count(*) < $32::int
    FROM mail_outbox c
    WHERE c.network_key = $33 AND c.created_at > now() - make_interval(secs => $34::int) AND c.id IS DISTINCT FROM $35::uuid)
) r
ON CONFLICT (id) DO NOTHING;

-- step endEarlier
DELETE FROM one_time_tokens t WHERE t.token_hash IN (
  SELECT x.token_hash FROM one_time_tokens x
  WHERE x.owner_id = (SELECT o.user_id FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $1::uuid AND m.created_at = now() AND m.outcome IS NULL) o) AND x.kind = $2 AND x.spent_at IS NULL
  ORDER BY x.created_at DESC, x.token_hash OFFSET $3::int);

-- step issueCode
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.recipient::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), now() + make_interval(secs => $3::int)
FROM (SELECT m.user_id, m.recipient FROM mail_outbox m WHERE m.id = $4::uuid AND m.created_at = now() AND m.outcome IS NULL) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step answer
SELECT s.recipient AS email, s.asks_for_factor, s.has_password, s.is_proved AS is_verified,
  CASE WHEN NOT (
  SELECT count(*) FILTER (WHERE c.client_key = $1) < $2::int AND count(*) < $3::int
  FROM mail_outbox c
  WHERE c.network_key = $4 AND c.created_at > now() - make_interval(secs => $5::int) AND c.id IS DISTINCT FROM $6::uuid) THEN ceil(extract(epoch FROM greatest((
        SELECT c.created_at FROM mail_outbox c WHERE c.network_key = $7 AND c.client_key = $8 AND c.created_at > now() - make_interval(secs => $9::int)
        ORDER BY c.created_at DESC OFFSET $10::int LIMIT 1),
        (
        SELECT c.created_at FROM mail_outbox c WHERE c.network_key = $11  AND c.created_at > now() - make_interval(secs => $12::int)
        ORDER BY c.created_at DESC OFFSET $13::int LIMIT 1)) + make_interval(secs => $14::int) - now()))::int END AS client_retry_seconds,
  (
  SELECT ceil(extract(epoch FROM o.created_at + make_interval(secs => $15::int) - now()))::int
  FROM mail_outbox o
  WHERE o.recipient_key = s.recipient_key AND o.kind = $16 AND o.created_at > now() - make_interval(secs => $17::int)
    AND o.outcome IS DISTINCT FROM 'dropped' AND o.id IS DISTINCT FROM $18::uuid
  ORDER BY o.created_at DESC OFFSET $19::int LIMIT 1) AS account_retry_seconds
FROM (
  SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
    NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale, ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) AS asks_for_factor,
    u.password_hash IS NOT NULL AS has_password, u.email_verified_at IS NOT NULL AS is_proved
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $20::uuid AND s.user_id = $21::uuid AND s.expires_at > now() AND u.banned_at IS NULL) s;
