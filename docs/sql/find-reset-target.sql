-- Reads what a reset of a user's second factor depends on.
-- src/features/two-factor/operator-reset/queries.ts

SELECT u.two_factor_since IS NOT NULL AS is_enabled, u.two_factor_reset_at AS effective_at,
  ARRAY(SELECT DISTINCT r.recipient FROM (
    SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (SELECT u.id AS user_id) o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT f.user_id, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (
      SELECT DISTINCT ON (t.target_email) t.owner_id AS user_id, t.target_email AS recipient, t.target_key AS recipient_key,
        coalesce(t.way_back, 'final') = 'final' AS is_verified
      FROM (SELECT u.id AS user_id) o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()
      ORDER BY t.target_email, t.created_at) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email) r) AS addresses
FROM users u WHERE u.id = $1::uuid;
