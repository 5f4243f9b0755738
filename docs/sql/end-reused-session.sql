-- Ends the session of a token that `refreshSession` judged a reuse, and with it what the closing table says of
-- `token_reused`; records it and tells the owner.
-- src/features/sessions/reuse/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step endSession
WITH judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.body_rotated_at AS rotated_at,
      coalesce(s.body_counter, CASE WHEN $5::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.body_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.body_counter IS NULL AND s.cookie_counter IS NOT NULL
      AND NOT (s.cookie_counter = 1 AND ($9::int > 0
          AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.id = $11::uuid AND s.user_id = $12::uuid AND s.expires_at > now()
      AND (s.body_counter IS NULL
        OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $13::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM ended e;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
      AND e.type = $4)) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
        AND e.type = $4)) o);

-- step holdRecipient
SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
    NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
    SELECT e.user_id, e.session_id FROM security_events e
    WHERE e.user_id = $1::uuid AND e.at = now() AND e.operation_id = $2::uuid) e JOIN users u ON u.id = e.user_id) s;

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
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT e.user_id, e.session_id FROM security_events e
      WHERE e.user_id = $17::uuid AND e.at = now() AND e.operation_id = $18::uuid) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $19::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT e.id FROM security_events e
WHERE e.user_id = $1::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $2::uuid
  AND e.type = $3;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step endSession
WITH judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.cookie_rotated_at AS rotated_at,
      coalesce(s.cookie_counter, CASE WHEN $5::boolean AND s.body_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.cookie_counter IS NULL AND s.body_counter IS NOT NULL
      AND NOT (s.body_counter = 1 AND ($9::int > 0
          AND coalesce(s.body_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.id = $11::uuid AND s.user_id = $12::uuid AND s.expires_at > now()
      AND (s.cookie_counter IS NULL
        OR coalesce(s.cookie_rotated_at, s.authenticated_at) > now() - make_interval(secs => $13::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $14, $15, $16::text, $17::text, e.user_id, e.session_id,
  $18::uuid, $19::uuid, $20::inet, $21::text,
  $22::jsonb
FROM ended e;

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step holdRecipient: as in shape 1

-- step tellOwner: as in shape 1

-- step answer: as in shape 1
