-- Lets a user sign in again.
-- src/features/admin/queries.ts

WITH target AS (UPDATE users u SET banned_at = NULL WHERE u.id = $1::uuid RETURNING u.id AS user_id),
changed AS (SELECT t.user_id, NULL::uuid AS session_id FROM target t),
changed_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT $2::uuid, $3, $4, $5::text, $6::text, e.user_id, e.session_id,
    $7::uuid, $8::inet, $9::text,
    $10::jsonb
  FROM changed e ON CONFLICT (id) DO NOTHING)
SELECT count(*)::int AS found FROM changed;
