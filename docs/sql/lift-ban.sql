-- Lets a user sign in again.
-- src/features/admin/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step change
UPDATE users u SET banned_at = NULL WHERE u.id = $1::uuid RETURNING u.id AS user_id;

-- step record
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT $1::uuid, $2, $3, $4::text, $5::text, e.user_id, e.session_id,
  $6::uuid, $7::uuid, $8::inet, $9::text,
  $10::jsonb
FROM (SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u WHERE u.id = $11::uuid) e ON CONFLICT (id) DO NOTHING;
