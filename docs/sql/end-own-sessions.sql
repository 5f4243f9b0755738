-- Ends sessions of the caller, runs the effects of `onEnd`, and returns how many ended: none if the id belongs to
-- another user or to no session, or the session has expired.
-- src/features/sessions/own-sessions/queries.ts

-- shape 1 of 3

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step end
WITH caller AS (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL),
held AS MATERIALIZED (
  SELECT s.id FROM sessions s
  WHERE s.user_id = $3::uuid AND s.expires_at > now() AND true
    AND EXISTS (SELECT FROM caller)
  ORDER BY s.id FOR UPDATE
),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
    $8::uuid, $9::inet, $10::text,
    $11::jsonb
  FROM ended e ),
ended_effect_1 AS (
  DELETE FROM one_time_tokens t USING ended o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($12::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
ended_before AS (SELECT e.id FROM security_events e
  WHERE e.user_id = $13::uuid AND e.at > now() - interval '1 minute' AND e.request_id = $14::uuid)
SELECT EXISTS (SELECT FROM caller) AS is_live,
  (SELECT count(*)::int FROM ended) + (SELECT count(*)::int FROM ended_before) AS ended;

-- shape 2 of 3

-- step holdUser: as in shape 1

-- step end
WITH caller AS (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL),
held AS MATERIALIZED (
  SELECT s.id FROM sessions s
  WHERE s.user_id = $3::uuid AND s.expires_at > now() AND s.id = $4::uuid
    AND EXISTS (SELECT FROM caller)
  ORDER BY s.id FOR UPDATE
),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM ended e ),
ended_effect_1 AS (
  DELETE FROM one_time_tokens t USING ended o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($13::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
ended_before AS (SELECT e.id FROM security_events e
  WHERE e.user_id = $14::uuid AND e.at > now() - interval '1 minute' AND e.request_id = $15::uuid)
SELECT EXISTS (SELECT FROM caller) AS is_live,
  (SELECT count(*)::int FROM ended) + (SELECT count(*)::int FROM ended_before) AS ended;

-- shape 3 of 3

-- step holdUser: as in shape 1

-- step end
WITH caller AS (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL),
held AS MATERIALIZED (
  SELECT s.id FROM sessions s
  WHERE s.user_id = $3::uuid AND s.expires_at > now() AND s.id <> $4::uuid
    AND EXISTS (SELECT FROM caller)
  ORDER BY s.id FOR UPDATE
),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $5, $6, $7::text, $8::text, e.user_id, e.session_id,
    $9::uuid, $10::inet, $11::text,
    $12::jsonb
  FROM ended e ),
ended_effect_1 AS (
  DELETE FROM one_time_tokens t USING ended o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($13::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
ended_before AS (SELECT e.id FROM security_events e
  WHERE e.user_id = $14::uuid AND e.at > now() - interval '1 minute' AND e.request_id = $15::uuid)
SELECT EXISTS (SELECT FROM caller) AS is_live,
  (SELECT count(*)::int FROM ended) + (SELECT count(*)::int FROM ended_before) AS ended;
