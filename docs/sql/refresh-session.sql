-- Checks a presented counter and acts on the outcome, in one statement.
-- src/features/sessions/queries.ts

-- shape 1 of 4

WITH locked AS MATERIALIZED (
  SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.body_rotated_at AS rotated_at,
    coalesce(s.body_counter, CASE WHEN $1::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
    $2::int > 0
    AND coalesce(s.body_rotated_at > now() - make_interval(secs => $3::int), false) AS is_fresh
  FROM sessions s
  WHERE s.id = $4::uuid AND s.expires_at > now()
    AND (s.body_counter IS NULL
      OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $5::int))
    AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
  ORDER BY s.created_at DESC LIMIT 1
  FOR UPDATE OF s
),
judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.counter IS NULL OR $6::bigint > l.counter THEN 'unknown'
    WHEN $7::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $8::bigint = l.counter OR (l.is_fresh AND $9::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM locked l
),
rotated AS (
  UPDATE sessions s SET
    body_counter = j.counter + 1, body_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $10::int)),
    ip_address = $11::inet,
    location = $12::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM ended e ),
ended_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $21, s.email, coalesce(s.locale, $22::text), s.user_id::uuid,
    $23::uuid, $24::jsonb, now() + make_interval(secs => $25::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM ended e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
ended_effect_2 AS (
  DELETE FROM one_time_tokens v WHERE v.token_hash IN (
    SELECT t.token_hash FROM one_time_tokens t JOIN ended o ON o.user_id = t.owner_id
    WHERE t.kind = ANY ($26::text[]) AND t.spent_at IS NULL FOR UPDATE OF t SKIP LOCKED)
  RETURNING v.token_hash)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM j.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $27::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 2 of 4

WITH locked AS MATERIALIZED (
  SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.cookie_rotated_at AS rotated_at,
    coalesce(s.cookie_counter, CASE WHEN $1::boolean AND s.body_counter IS NULL THEN 0 END) AS counter,
    $2::int > 0
    AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $3::int), false) AS is_fresh
  FROM sessions s
  WHERE s.id = $4::uuid AND s.expires_at > now()
    AND (s.cookie_counter IS NULL
      OR coalesce(s.cookie_rotated_at, s.authenticated_at) > now() - make_interval(secs => $5::int))
    AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
  ORDER BY s.created_at DESC LIMIT 1
  FOR UPDATE OF s
),
judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.counter IS NULL OR $6::bigint > l.counter THEN 'unknown'
    WHEN $7::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $8::bigint = l.counter OR (l.is_fresh AND $9::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM locked l
),
rotated AS (
  UPDATE sessions s SET
    cookie_counter = j.counter + 1, cookie_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $10::int)),
    ip_address = $11::inet,
    location = $12::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM ended e ),
ended_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $21, s.email, coalesce(s.locale, $22::text), s.user_id::uuid,
    $23::uuid, $24::jsonb, now() + make_interval(secs => $25::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM ended e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
ended_effect_2 AS (
  DELETE FROM one_time_tokens v WHERE v.token_hash IN (
    SELECT t.token_hash FROM one_time_tokens t JOIN ended o ON o.user_id = t.owner_id
    WHERE t.kind = ANY ($26::text[]) AND t.spent_at IS NULL FOR UPDATE OF t SKIP LOCKED)
  RETURNING v.token_hash)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM j.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $27::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 3 of 4

WITH locked AS MATERIALIZED (
  SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.body_rotated_at AS rotated_at,
    coalesce(s.body_counter, CASE WHEN $1::boolean AND s.cookie_counter IS NULL THEN 0 END) AS counter,
    $2::int > 0
    AND coalesce(s.body_rotated_at > now() - make_interval(secs => $3::int), false) AS is_fresh
  FROM sessions s
  WHERE s.legacy_token_hash = sha256(convert_to($4::text, 'UTF8')) AND s.expires_at > now()
    AND (s.body_counter IS NULL
      OR coalesce(s.body_rotated_at, s.authenticated_at) > now() - make_interval(secs => $5::int))
    AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
  ORDER BY s.created_at DESC LIMIT 1
  FOR UPDATE OF s
),
judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.counter IS NULL OR $6::bigint > l.counter THEN 'unknown'
    WHEN $7::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $8::bigint = l.counter OR (l.is_fresh AND $9::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM locked l
),
rotated AS (
  UPDATE sessions s SET
    body_counter = j.counter + 1, body_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $10::int)),
    ip_address = $11::inet,
    location = $12::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM ended e ),
ended_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $21, s.email, coalesce(s.locale, $22::text), s.user_id::uuid,
    $23::uuid, $24::jsonb, now() + make_interval(secs => $25::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM ended e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
ended_effect_2 AS (
  DELETE FROM one_time_tokens v WHERE v.token_hash IN (
    SELECT t.token_hash FROM one_time_tokens t JOIN ended o ON o.user_id = t.owner_id
    WHERE t.kind = ANY ($26::text[]) AND t.spent_at IS NULL FOR UPDATE OF t SKIP LOCKED)
  RETURNING v.token_hash)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM j.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $27::int)
    ) - now()))::float8 AS expires_in
FROM judged j;

-- shape 4 of 4

WITH locked AS MATERIALIZED (
  SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.cookie_rotated_at AS rotated_at,
    coalesce(s.cookie_counter, CASE WHEN $1::boolean AND s.body_counter IS NULL THEN 0 END) AS counter,
    $2::int > 0
    AND coalesce(s.cookie_rotated_at > now() - make_interval(secs => $3::int), false) AS is_fresh
  FROM sessions s
  WHERE s.legacy_token_hash = sha256(convert_to($4::text, 'UTF8')) AND s.expires_at > now()
    AND (s.cookie_counter IS NULL
      OR coalesce(s.cookie_rotated_at, s.authenticated_at) > now() - make_interval(secs => $5::int))
    AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
  ORDER BY s.created_at DESC LIMIT 1
  FOR UPDATE OF s
),
judged AS MATERIALIZED (
  SELECT l.*, CASE
    WHEN l.counter IS NULL OR $6::bigint > l.counter THEN 'unknown'
    WHEN $7::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
    WHEN $8::bigint = l.counter OR (l.is_fresh AND $9::bigint = l.counter - 1) THEN 'retry'
    ELSE 'reuse' END AS outcome
  FROM locked l
),
rotated AS (
  UPDATE sessions s SET
    cookie_counter = j.counter + 1, cookie_rotated_at = now(), last_active_at = now(),
    expires_at = least(s.absolute_expires_at, now() + make_interval(secs => $10::int)),
    ip_address = $11::inet,
    location = $12::jsonb
  FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
),
ended AS (
  DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
  RETURNING s.user_id, s.id AS session_id
),
ended_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $13, $14, $15::text, $16::text, e.user_id, e.session_id,
    $17::uuid, $18::inet, $19::text,
    $20::jsonb
  FROM ended e ),
ended_effect_1 AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, facts, expires_at)
  SELECT gen_random_uuid(), $21, s.email, coalesce(s.locale, $22::text), s.user_id::uuid,
    $23::uuid, $24::jsonb, now() + make_interval(secs => $25::int)
  FROM (SELECT u.id AS user_id, u.email, u.locale FROM ended e JOIN users u ON u.id = e.user_id) s
  RETURNING id),
ended_effect_2 AS (
  DELETE FROM one_time_tokens v WHERE v.token_hash IN (
    SELECT t.token_hash FROM one_time_tokens t JOIN ended o ON o.user_id = t.owner_id
    WHERE t.kind = ANY ($26::text[]) AND t.spent_at IS NULL FOR UPDATE OF t SKIP LOCKED)
  RETURNING v.token_hash)
SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
  floor(extract(epoch FROM j.authenticated_at))::float8 AS auth_time,
  floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => $27::int)
    ) - now()))::float8 AS expires_in
FROM judged j;
