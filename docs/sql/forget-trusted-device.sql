-- Ends the trust in one device of the caller, and records that.
-- src/features/trusted-devices/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step findCaller
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL;

-- step forget
WITH forgotten AS (
  DELETE FROM trusted_devices d USING (SELECT s.user_id, s.id AS session_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL) c
  WHERE d.id = $3::uuid AND d.user_id = c.user_id AND d.expires_at > now()
  RETURNING c.user_id, c.session_id
)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $4, $5, $6::text, $7::text, e.user_id, e.session_id,
  $8::uuid, $9::uuid, $10::inet, $11::text,
  $12::jsonb
FROM forgotten e;

-- step answer
SELECT e.id FROM security_events e
WHERE e.user_id = $1::uuid AND e.at > now() - interval '1 minute' AND e.operation_id = $2::uuid;
