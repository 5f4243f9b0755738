-- Ends sessions of the caller, and with them what the closing table says of `signed_out_by_owner`, and returns how many
-- ended: none if the id belongs to another user or to no session, or the session has expired; then nothing else ends
-- either.
-- src/features/sessions/own-sessions/queries.ts

-- shape 1 of 3

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step findCaller
SELECT s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step endChosen
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = $1::uuid AND s.expires_at > now() AND true
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $2::uuid AND s.user_id = $3::uuid AND s.expires_at > now() AND u.banned_at IS NULL) ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
    WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
      AND e.type = $4)) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($5::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id WHERE EXISTS (SELECT e.id FROM security_events e
      WHERE e.user_id = $2::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $3::uuid
        AND e.type = $4)) o);

-- step count
SELECT count(*)::int AS ended FROM (SELECT e.id FROM security_events e
  WHERE e.user_id = $1::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $2::uuid
    AND e.type = $3) r;

-- shape 2 of 3

-- step holdUser: as in shape 1

-- step findCaller: as in shape 1

-- step endChosen
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = $1::uuid AND s.expires_at > now() AND s.id = $2::uuid
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL) ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step count: as in shape 1

-- shape 3 of 3

-- step holdUser: as in shape 1

-- step findCaller: as in shape 1

-- step endChosen
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = $1::uuid AND s.expires_at > now() AND s.id <> $2::uuid
    AND EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $3::uuid AND s.user_id = $4::uuid AND s.expires_at > now() AND u.banned_at IS NULL) ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::uuid, $11::inet, $12::text,
    $13::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks: as in shape 1

-- step endTrust: as in shape 1

-- step count: as in shape 1
