-- Carries out the reset of a user's second factor, if it is due: authenticator, backup codes and trusted devices end,
-- and everybody is told who was told before.
-- src/features/two-factor/operator-reset/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
  WHERE u.id = $10::uuid AND coalesce(u.two_factor_reset_at <= now(), false)) e;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
      AND e.type = $4)) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
        AND e.type = $4)) o);

-- step endFactors
WITH o AS MATERIALIZED (SELECT c.user_id, NULL::timestamptz AS since FROM (
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = $1::uuid AND e.at = now() AND e.operation_id = $2::uuid) c),
bare AS (
  SELECT o.user_id FROM o WHERE NOT EXISTS (
    SELECT FROM factors f WHERE f.user_id = o.user_id AND f.added_at IS NOT NULL AND NOT true)
),
ended_factors AS (DELETE FROM factors f USING o WHERE f.user_id = o.user_id AND true),
ended_codes AS (
  DELETE FROM backup_codes b USING o
  WHERE b.user_id = o.user_id AND (true OR EXISTS (SELECT FROM bare))
),
cancelled AS (
  UPDATE users u SET two_factor_reset_at = NULL FROM (SELECT o.user_id FROM o WHERE $3::boolean AND NOT EXISTS (SELECT FROM bare)) o
  WHERE u.id = o.user_id AND coalesce(u.two_factor_reset_at > now(), false)
  RETURNING u.id AS user_id)
UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
FROM bare o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL;

-- step tellEverybody
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, NULL::text AS recipient_key,
    CASE WHEN true THEN s.recipient::text END AS recipient
  FROM (
    SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT e.user_id, e.session_id FROM security_events e
      WHERE e.user_id = $9::uuid AND e.at = now() AND e.operation_id = $10::uuid) o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT f.user_id, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (
      SELECT DISTINCT ON (t.target_email) t.owner_id AS user_id, t.target_email AS recipient, t.target_key AS recipient_key,
        coalesce(t.way_back, 'final') = 'final' AS is_verified
      FROM (
        SELECT e.user_id, e.session_id FROM security_events e
        WHERE e.user_id = $11::uuid AND e.at = now() AND e.operation_id = $12::uuid) o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()
      ORDER BY t.target_email, t.created_at) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email) s
  WHERE true
) r
WHERE $13::boolean OR r.recipient IS NOT NULL;
