-- Records a wrong password; `userId` is null for a pending registration.
-- src/features/email-verification/verify/queries.ts

WITH failed AS (
  SELECT $1::uuid AS user_id, NULL::uuid AS session_id, 'wrong_password'::text AS reason
),
failed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $2, $3, $4::text, e.reason, e.user_id, e.session_id,
    $5::uuid, $6::inet, $7::text,
    $8::jsonb
  FROM failed e )
SELECT 1 AS recorded;
