-- The caller of a refresh token that a refresh would accept now; null for any other.
-- src/features/sessions/queries.ts

SELECT j.user_id, j.id AS session_id FROM (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.cookie_rotated_at AS rotated_at,
      coalesce(s.cookie_counter, CASE WHEN $5::boolean AND s.body_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.cookie_counter IS NULL AND s.body_counter IS NOT NULL
      AND NOT (s.body_counter = 1 AND ($9::int > 0
          AND coalesce(s.body_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.id = $11::uuid AND s.expires_at > now()
      AND (s.cookie_counter IS NULL
        OR coalesce(s.cookie_rotated_at, s.authenticated_at) > now() - make_interval(secs => $12::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
  ) l) j WHERE j.outcome IN ('rotate', 'retry');
