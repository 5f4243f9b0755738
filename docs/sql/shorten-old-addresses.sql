-- Shortens the addresses of up to `limit` events to their network, in one statement: /24 for IPv4, /48 for IPv6.
-- src/features/security-events/queries.ts

WITH due AS (
  SELECT e.id FROM security_events e
  WHERE e.at <= now() - make_interval(days => $1::int)
    AND e.at > now() - make_interval(days => $2::int) AND masklen(e.ip_address) IN (32, 128)
  ORDER BY e.at LIMIT $3::int FOR UPDATE SKIP LOCKED
),
shortened AS (
  UPDATE security_events e
  SET ip_address = network(set_masklen(e.ip_address, CASE family(e.ip_address) WHEN 4 THEN 24 ELSE 48 END))
  WHERE e.id = ANY (ARRAY(SELECT d.id FROM due d))
  RETURNING e.id
)
SELECT count(*)::int AS shortened FROM shortened;
