-- Creates a user and the first session, both or neither, and queues the verification mail within its limit.
-- src/features/password/register/queries.ts

-- shape 1 of 2

-- step create
WITH created AS (
  INSERT INTO users (id, email, name, password_hash, locale)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text
  WHERE NOT (EXISTS (
      SELECT FROM users x WHERE lower(x.email) = $6 AND x.id IS DISTINCT FROM $7::uuid) OR EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $8 AND t.owner_id IS DISTINCT FROM $9::uuid))
  ON CONFLICT DO NOTHING
  RETURNING id, email, name, password_hash, email_verified_at, created_at, updated_at, device_generation),
owner AS (SELECT c.id AS user_id FROM created c),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $10::uuid, o.user_id,
    now() + make_interval(secs => least($11::int, $12::int)),
    now() + make_interval(secs => $13::int),
    $14, $15::text[],
    CASE WHEN $16::boolean THEN 0 END, CASE WHEN $17::boolean THEN 0 END,
    $18::inet, $19::text, $20::jsonb, $21::jsonb,
    $22::uuid
  FROM owner o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $23, $24, $25::text, $26::text, e.user_id, e.session_id,
    $27::uuid, $28::inet, $29::text,
    $30::jsonb
  FROM opened e )
,
adopted AS (
  UPDATE login_attempts t SET bucket = 'user:' || s.user_id || ':world' FROM owner s
  WHERE t.bucket = $31 RETURNING t.bucket)
SELECT count(*)::int AS created FROM opened;

-- step answer
WITH signed_in AS (SELECT s.id AS session_id, s.user_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $1::uuid)
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, i.session_id, i.auth_time, i.expires_in
FROM users u JOIN signed_in i ON i.user_id = u.id WHERE u.id = $2::uuid;

-- shape 2 of 2

-- step create
WITH created AS (
  INSERT INTO users (id, email, name, password_hash, locale)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text
  WHERE NOT (EXISTS (
      SELECT FROM users x WHERE lower(x.email) = $6 AND x.id IS DISTINCT FROM $7::uuid) OR EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $8 AND t.owner_id IS DISTINCT FROM $9::uuid))
  ON CONFLICT DO NOTHING
  RETURNING id, email, name, password_hash, email_verified_at, created_at, updated_at, device_generation),
owner AS (SELECT c.id AS user_id FROM created c),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $10::uuid, o.user_id,
    now() + make_interval(secs => least($11::int, $12::int)),
    now() + make_interval(secs => $13::int),
    $14, $15::text[],
    CASE WHEN $16::boolean THEN 0 END, CASE WHEN $17::boolean THEN 0 END,
    $18::inet, $19::text, $20::jsonb, $21::jsonb,
    $22::uuid
  FROM owner o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $23, $24, $25::text, $26::text, e.user_id, e.session_id,
    $27::uuid, $28::inet, $29::text,
    $30::jsonb
  FROM opened e )
,
mail_client AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $31::uuid, now() + make_interval(secs => $32::int) FROM (SELECT $33::text AS bucket FROM created) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $34::int + 1
  RETURNING t.bucket, t.count AS number),
admitted AS (SELECT c.bucket FROM mail_client c WHERE c.number <= $35::int),
mail_address AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $36::uuid, now() + make_interval(secs => $37::int) FROM (SELECT CASE WHEN true THEN $38::text ELSE $39::text END AS bucket FROM admitted) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $40::int + 1
  RETURNING t.bucket, t.count AS number),
allowed AS (SELECT a.bucket FROM mail_address a WHERE a.number <= $41::int),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($42::text, 'hex'), $43, s.id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $44::int)
  FROM (SELECT c.id, c.email FROM created c, allowed) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
queued AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $45::uuid, $46, coalesce(s.email, ''), coalesce(NULL::text, $47::text), s.owner_id::uuid,
    $48::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($49::text[])[array_position($50::text[], s.email::text)] END,
    least(now() + make_interval(secs => $51::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM issued s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
adopted AS (
  UPDATE login_attempts t SET bucket = 'user:' || s.user_id || ':world' FROM owner s
  WHERE t.bucket = $52 RETURNING t.bucket)
SELECT count(*)::int AS created FROM opened;

-- step answer: as in shape 1
