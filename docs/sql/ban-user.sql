-- Bans a user and ends all their sessions, and what the closing table says besides.
-- src/features/admin/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step change
UPDATE users u SET banned_at = coalesce(u.banned_at, now()) WHERE u.id = $1::uuid
RETURNING u.id AS user_id;

-- step endSessions
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id) o)   ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $2, $3, $4::text, $5::text, e.user_id, e.session_id,
    $6::uuid, $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endLinks
DELETE FROM one_time_tokens t USING (SELECT $1::uuid AS user_id) o
WHERE t.owner_id = o.user_id AND t.spent_at IS NULL AND (t.kind = ANY ($2::text[]) );

-- step endTrust
DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM (SELECT $1::uuid AS user_id) o);

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u WHERE u.id = $11::uuid) e ON CONFLICT (id) DO NOTHING;

-- step count
SELECT count(*)::int AS ended FROM (SELECT e.id FROM security_events e
  WHERE e.user_id = $1::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $2::uuid
    AND e.type = $3) e;
