-- Returns the caller's account.
-- src/features/email-code/request/queries.ts

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
