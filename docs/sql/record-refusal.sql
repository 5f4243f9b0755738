-- Records that the caller was refused.
-- src/features/current-password/queries.ts

INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $1, $2, $3::text, $4::text, e.user_id, e.session_id,
  $5::uuid, $6::uuid, $7::inet, $8::text,
  $9::jsonb
FROM (SELECT $10::uuid AS user_id, $11::uuid AS session_id) e;
