-- Returns up to `limit` events of the user in `owner`, a sub-select with `user_id`, newest first, those after the
-- position `after` if it is given.
-- src/features/security-events/list/queries.ts

-- shape 1 of 2

WITH owner AS MATERIALIZED (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
SELECT n.* FROM owner o LEFT JOIN LATERAL (SELECT e.id, e.type, e.at, (extract(epoch FROM e.at) * 1000000)::float8 AS at_micros, e.outcome,
    e.reason, e.ip_address, e.user_agent, e.location FROM security_events e WHERE e.user_id = o.user_id
  ORDER BY e.at DESC, e.id DESC LIMIT $3::int) AS n ON true
ORDER BY n.at DESC, n.id DESC;

-- shape 2 of 2

WITH owner AS MATERIALIZED (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL)
SELECT n.* FROM owner o LEFT JOIN LATERAL (SELECT e.id, e.type, e.at, (extract(epoch FROM e.at) * 1000000)::float8 AS at_micros, e.outcome,
    e.reason, e.ip_address, e.user_agent, e.location FROM security_events e WHERE e.user_id = o.user_id AND (e.at, e.id) < ('epoch'::timestamptz + $3::float8 * interval '1 microsecond', $4::uuid)
  ORDER BY e.at DESC, e.id DESC LIMIT $5::int) AS n ON true
ORDER BY n.at DESC, n.id DESC;
