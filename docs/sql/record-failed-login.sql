-- Records a failed login; `userId` is null when nobody has the address.
-- src/features/password/queries.ts

WITH failed AS (
  SELECT $1::uuid AS user_id, NULL::uuid AS session_id, $2::text AS reason
),
failed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $3, $4, $5::text, e.reason, e.user_id, e.session_id,
    $6::uuid, $7::inet, $8::text,
    $9::jsonb
  FROM failed e )
SELECT 1 AS recorded;
