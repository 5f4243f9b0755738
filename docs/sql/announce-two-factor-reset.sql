-- Lets a reset of a user's second factor become effective in so many hours, and mails the link that stops it to every
-- address that could have the account back (OTP-15).
-- src/features/two-factor/operator-reset/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step announce
UPDATE users u SET two_factor_reset_at = coalesce(u.two_factor_reset_at, now() + make_interval(hours => $1::int))
WHERE u.id = $2::uuid AND u.two_factor_since IS NOT NULL
RETURNING u.two_factor_reset_at AS effective_at;

-- step issueLink
INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, target_key, way_back, bucket,
    created_at, expires_at)
SELECT decode($1::text, 'hex'), $2, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
  NULL::text, NULL::text, now(), s.two_factor_reset_at
FROM (
  SELECT u.id AS user_id, NULL::uuid AS session_id, u.email, u.two_factor_reset_at FROM users u
  WHERE u.id = $3::uuid AND u.two_factor_reset_at = now() + make_interval(hours => $4::int)) s
ON CONFLICT (token_hash) DO NOTHING
RETURNING owner_id, email, target_email;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (
  SELECT u.id AS user_id, NULL::uuid AS session_id, u.email, u.two_factor_reset_at FROM users u
  WHERE u.id = $11::uuid AND u.two_factor_reset_at = now() + make_interval(hours => $12::int)) e ON CONFLICT (id) DO NOTHING;

-- step mailEverybody
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, sealed, expires_at, finished_at, outcome)
SELECT coalesce(($1::uuid[])[array_position($2::text[], r.recipient)], gen_random_uuid()), $3, coalesce(r.recipient, ''), r.recipient_key, $4::text,
  $5::text, coalesce(r.locale, $6::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $7::uuid, $8::uuid,
  ($9::text[])[array_position($10::text[], r.recipient)],
  least(now() + make_interval(secs => $11::int), r.link_expires_at),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::timestamptz AS link_expires_at, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (
    SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT u.id AS user_id, NULL::uuid AS session_id, u.email, u.two_factor_reset_at FROM users u
      WHERE u.id = $12::uuid AND u.two_factor_reset_at = now() + make_interval(hours => $13::int)) o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT f.user_id, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (
      SELECT DISTINCT ON (t.target_email) t.owner_id AS user_id, t.target_email AS recipient, t.target_key AS recipient_key,
        coalesce(t.way_back, 'final') = 'final' AS is_verified
      FROM (
        SELECT u.id AS user_id, NULL::uuid AS session_id, u.email, u.two_factor_reset_at FROM users u
        WHERE u.id = $14::uuid AND u.two_factor_reset_at = now() + make_interval(hours => $15::int)) o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()
      ORDER BY t.target_email, t.created_at) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email) s
  WHERE true AND (s.recipient IS NULL OR s.recipient::text = ANY ($16::text[]))
) r
ON CONFLICT (id) DO NOTHING;
