-- Deletes the caller's account with everything that belongs to it.
-- src/features/account/deletion/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR UPDATE;

-- step holdSession
SELECT s.id FROM sessions s WHERE s.id = $1::uuid AND s.user_id = $2::uuid FOR UPDATE;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (
  SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $10::uuid AND s.user_id = $11::uuid AND s.expires_at > now() AND u.banned_at IS NULL
    AND u.password_hash IS NOT DISTINCT FROM $12::text) e;

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
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (
    SELECT NULL::uuid AS user_id, u.email::text AS recipient, u.address_key AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale
    FROM (
      SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $17::uuid AND s.user_id = $18::uuid AND s.expires_at > now() AND u.banned_at IS NULL
        AND u.password_hash IS NOT DISTINCT FROM $19::text) o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT NULL, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (
      SELECT DISTINCT ON (t.target_email) t.owner_id AS user_id, t.target_email AS recipient, t.target_key AS recipient_key,
        coalesce(t.way_back, 'final') = 'final' AS is_verified
      FROM (
        SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = $20::uuid AND s.user_id = $21::uuid AND s.expires_at > now() AND u.banned_at IS NULL
          AND u.password_hash IS NOT DISTINCT FROM $22::text) o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()
      ORDER BY t.target_email, t.created_at) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email) s
  WHERE true
) r
WHERE $23::boolean OR r.recipient IS NOT NULL;

-- step deleteUser
DELETE FROM users u USING (
  SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL
    AND u.password_hash IS NOT DISTINCT FROM $3::text) o WHERE u.id = o.user_id RETURNING o.user_id, o.session_id;

-- step forgetMetadata
UPDATE security_events e SET ip_address = NULL, user_agent = NULL, device = NULL, location = NULL
WHERE e.id = ANY (ARRAY(
    SELECT x.id FROM security_events x WHERE x.user_id = (SELECT o.user_id FROM (
        SELECT $1::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $2::uuid)) o)
    ORDER BY x.at DESC, x.id DESC LIMIT $3::int
))
RETURNING e.id;

-- step forgetCounters
DELETE FROM login_attempts t USING (SELECT unnest(ARRAY['user:' || o.user_id, $1 || o.user_id,
      $2 || o.user_id]) AS name FROM (
    SELECT $3::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $4::uuid)) o) n
WHERE t.bucket >= n.name || ':' AND t.bucket < n.name || ';'
RETURNING t.bucket;

-- step forgetMails
UPDATE mail_outbox m SET user_id = NULL,
  recipient_key = CASE WHEN m.recipient_key NOT LIKE 'user:%' THEN m.recipient_key END, sealed = NULL, facts = NULL,
  finished_at = coalesce(m.finished_at, now()), outcome = coalesce(m.outcome, 'given_up')
WHERE m.user_id = (SELECT o.user_id FROM (
    SELECT $1::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $2::uuid)) o)
  OR m.recipient_key = 'user:' || (SELECT o.user_id FROM (
    SELECT $3::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $4::uuid)) o);

-- step deleteLinks
DELETE FROM one_time_tokens t USING (
  SELECT $1::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $2::uuid)) o WHERE t.owner_id = o.user_id RETURNING t.token_hash;

-- step answer
SELECT g.user_id FROM (
  SELECT $1::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = $2::uuid)) g;
