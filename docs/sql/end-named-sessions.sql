-- Ends the sessions that the keys name by their current or a former id.
-- src/features/sessions/queries.ts

-- step endById
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE (s.id = ANY ($1::uuid[])
      OR s.legacy_token_hash = ANY (ARRAY(SELECT sha256(convert_to(t, 'UTF8')) FROM unnest($2::text[]) t))) ORDER BY s.id FOR UPDATE),
ended AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
),
recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $3, $4, $5::text, $6::text, e.user_id, e.session_id,
    $7::uuid, $8::uuid, $9::inet, $10::text,
    $11::jsonb
  FROM ended e )
SELECT count(*)::int AS ended FROM ended;

-- step endByFormerId
WITH held AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.id = ANY (ARRAY(SELECT f.session_id FROM former_session_ids f WHERE f.id = ANY ($1::uuid[]))) ORDER BY s.id FOR UPDATE),
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
