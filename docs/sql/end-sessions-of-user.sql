-- Ends all sessions of a user.
-- src/features/admin/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step change
WITH target AS (SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE),
changed AS (SELECT t.user_id, NULL::uuid AS session_id FROM target t),
changed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT $2::uuid, $3, $4, $5::text, $6::text, e.user_id, e.session_id,
    $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM changed e ON CONFLICT (id) DO NOTHING),
changed_effect_1 AS (
  DELETE FROM one_time_tokens t USING changed o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($11::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash)
SELECT count(*)::int AS found FROM changed;

-- step endAll
WITH owner AS (SELECT $1::uuid AS user_id),
ended AS (DELETE FROM sessions s USING owner o WHERE s.user_id = o.user_id RETURNING s.user_id, s.id AS session_id),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $2, $3, $4::text, $5::text, e.user_id, e.session_id,
    $6::uuid, $7::inet, $8::text,
    $9::jsonb
  FROM ended e )
SELECT (SELECT count(*)::int FROM ended)
  + (SELECT greatest(count(*)::int - 1, 0) FROM (SELECT e.id FROM security_events e
    WHERE e.user_id = $10::uuid AND e.at > now() - interval '1 minute' AND e.request_id = $11::uuid) b) AS ended;
