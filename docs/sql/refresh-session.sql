-- Checks a presented counter and rotates the token if it is the current one, in one statement.
-- src/features/sessions/queries.ts

-- shape 1 of 6

WITH judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.body_rotated_at AS rotated_at,
      coalesce(s.body_counter, CASE WHEN $5::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.body_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.body_counter IS NULL AND s.cookie_counter IS NOT NULL
      AND NOT (s.cookie_counter = 1 AND ($9::int > 0
          AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.id = $11::uuid AND s.expires_at > now()
      AND (s.body_counter IS NULL
        OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $12::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    body_counter = j.counter + 1, body_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.body_counter = 1 AND s.cookie_counter > 0 AS is_second
)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $16::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 2 of 6

WITH judged AS MATERIALIZED (
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
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    cookie_counter = j.counter + 1, cookie_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.cookie_counter = 1 AND s.body_counter > 0 AS is_second
)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $16::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 3 of 6

WITH judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.body_rotated_at AS rotated_at,
      coalesce(s.body_counter, CASE WHEN $5::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.body_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.body_counter IS NULL AND s.cookie_counter IS NOT NULL
      AND NOT (s.cookie_counter = 1 AND ($9::int > 0
          AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.id = $11::uuid AND s.expires_at > now()
      AND (s.body_counter IS NULL
        OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $12::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    body_counter = j.counter + 1, body_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.body_counter = 1 AND s.cookie_counter > 0 AS is_second
) ,
second_recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
    $20::uuid, $21::uuid, $22::inet, $23::text,
    $24::jsonb
  FROM (SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second) e )
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $25::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 4 of 6

WITH judged AS MATERIALIZED (
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
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    cookie_counter = j.counter + 1, cookie_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.cookie_counter = 1 AND s.body_counter > 0 AS is_second
) ,
second_recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
    $20::uuid, $21::uuid, $22::inet, $23::text,
    $24::jsonb
  FROM (SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second) e )
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $25::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 5 of 6

WITH judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.is_used_elsewhere THEN 'reuse'
    WHEN l.counter IS NULL OR $1::bigint > l.counter THEN 'unknown'
    WHEN $2::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $3::bigint = l.counter OR (l.is_fresh AND $4::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM (
    SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
      s.body_rotated_at AS rotated_at,
      coalesce(s.body_counter, CASE WHEN $5::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
      ($6::int > 0
        AND coalesce(s.body_rotated_at > now() - make_interval(secs => $7::int), false)) AS is_fresh,
      $8::boolean AND s.body_counter IS NULL AND s.cookie_counter IS NOT NULL
      AND NOT (s.cookie_counter = 1 AND ($9::int > 0
          AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $10::int), false))) AS is_used_elsewhere
    FROM sessions s
    WHERE s.legacy_token_hash = sha256(convert_to($11::text, 'UTF8')) AND s.expires_at > now()
      AND (s.body_counter IS NULL
        OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $12::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    body_counter = j.counter + 1, body_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.body_counter = 1 AND s.cookie_counter > 0 AS is_second
) ,
second_recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
    $20::uuid, $21::uuid, $22::inet, $23::text,
    $24::jsonb
  FROM (SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second) e )
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $25::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 6 of 6

WITH judged AS MATERIALIZED (
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
    WHERE s.legacy_token_hash = sha256(convert_to($11::text, 'UTF8')) AND s.expires_at > now()
      AND (s.cookie_counter IS NULL
        OR coalesce(s.cookie_rotated_at, s.authenticated_at) > now() - make_interval(secs => $12::int))
      AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
    ORDER BY s.created_at DESC LIMIT 1
    FOR UPDATE OF s
  ) l
),
rotated AS (
  UPDATE sessions s SET
    cookie_counter = j.counter + 1, cookie_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $13::int)),
    ip_address = $14::inet,
    location = $15::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
  RETURNING s.user_id, s.id AS session_id, s.cookie_counter = 1 AND s.body_counter > 0 AS is_second
) ,
second_recorded AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
    $20::uuid, $21::uuid, $22::inet, $23::text,
    $24::jsonb
  FROM (SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second) e )
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $25::int)
    ) - now()))::float8 AS expires_in
FROM judged j;
