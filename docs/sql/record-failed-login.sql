-- Records a failed login; `userId` is null when nobody has the address.
-- src/features/password/queries.ts

INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, e.reason, e.user_id, e.session_id,
  $4::uuid, $5::uuid, $6::inet, $7::text,
  $8::jsonb
FROM (
  SELECT $9::uuid AS user_id, NULL::uuid AS session_id, $10::text AS reason) e;
