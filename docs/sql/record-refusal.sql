-- Records that the caller was refused.
-- src/features/password/current-password/queries.ts

WITH refused AS (SELECT $1::uuid AS user_id, $2::uuid AS session_id, $3::text AS reason)
,
refused_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $4, $5, $6::text, e.reason, e.user_id, e.session_id,
    $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM refused e )
SELECT 1 AS recorded;
