-- Records that an address was not enough to be let in, and tells its owner, who learns by mail alone that somebody was
-- there (ENU-11): a mail that the client causes, and which counts where nobody has the address as well.
-- src/features/social/sign-in/refuse/queries.ts

-- step holdClient
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0));

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (
  SELECT $11::uuid AS user_id, NULL::uuid AS session_id WHERE EXISTS (SELECT FROM (
      SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
        t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($12::text, 'hex') AND t.kind = $13 AND t.spent_by = $14::uuid) c)) e ON CONFLICT (id) DO NOTHING;

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (
  SELECT o.user_id, o.recipient, CASE WHEN o.recipient IS NOT NULL THEN $1::text END AS recipient_key,
    o.is_verified, o.locale
  FROM (VALUES (1)) AS one LEFT JOIN (
    SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM users u WHERE (lower(u.email) = ANY ($2::text[]) OR u.address_key = ANY ($3::text[]))
    ORDER BY lower(u.email) = $4 DESC LIMIT 1
  ) o ON true WHERE EXISTS (
    SELECT FROM security_events e WHERE e.id = $5::uuid AND e.at = now())) s;

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
    SELECT o.user_id, o.recipient, CASE WHEN o.recipient IS NOT NULL THEN $19::text END AS recipient_key,
      o.is_verified, o.locale
    FROM (VALUES (1)) AS one LEFT JOIN (
      SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
        NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM users u WHERE (lower(u.email) = ANY ($20::text[]) OR u.address_key = ANY ($21::text[]))
      ORDER BY lower(u.email) = $22 DESC LIMIT 1
    ) o ON true WHERE EXISTS (
      SELECT FROM security_events e WHERE e.id = $23::uuid AND e.at = now())) s
  WHERE (
    SELECT count(*) FILTER (WHERE c.client_key = $24) < $25::int AND count(*) < $26::int
    FROM mail_outbox c
    WHERE c.network_key = $27 AND c.created_at > now() - make_interval(secs => $28::int) AND c.id IS DISTINCT FROM $29::uuid)
) r
WHERE $30::boolean OR r.recipient IS NOT NULL;
