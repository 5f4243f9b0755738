-- Opens a session for an account whose password was correct, and replaces its hash if `newHash` is given; the attempts
-- of its bucket are reset, and a session beyond the limit ends.
-- src/features/password/queries.ts

-- shape 1 of 2

WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale, u.device_generation FROM users u
  WHERE u.id = $1::uuid AND u.password_hash = $2 AND u.banned_at IS NULL
  FOR SHARE
),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $3::uuid, o.user_id,
    now() + make_interval(secs => least($4::int, $5::int)),
    now() + make_interval(secs => $6::int),
    $7, $8::text[],
    CASE WHEN $9::boolean THEN 0 END, CASE WHEN $10::boolean THEN 0 END,
    $11::inet, $12::text, $13::jsonb, $14::jsonb,
    $15::uuid
  FROM holder o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $16, $17, $18::text, $19::text, e.user_id, e.session_id,
    $20::uuid, $21::inet, $22::text,
    $23::jsonb
  FROM opened e ),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM holder o) AND x.expires_at > now() AND x.id <> $24::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $25::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id),
evicted_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $26, $27, $28::text, $29::text, e.user_id, e.session_id,
    $30::uuid, $31::inet, $32::text,
    $33::jsonb
  FROM evicted e ),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $34 AND EXISTS (SELECT 1 FROM holder) RETURNING t.bucket),
new_device AS (
  SELECT h.user_id, h.email, h.locale FROM opened o JOIN holder h ON h.user_id = o.user_id
  WHERE CASE WHEN EXISTS (
    SELECT 1 FROM unnest($35::uuid[], $36::int[]) AS k (user_id, generation)
    WHERE k.user_id = h.user_id AND k.generation = h.device_generation
  ) THEN $37::text END IS NULL
),
new_device_count AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $38::uuid, now() + make_interval(secs => $39::int) FROM (
    SELECT 'mail:new_device:user:' || d.user_id AS bucket FROM new_device d WHERE d.email = ANY ($40::text[])) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $41::int + 1
  RETURNING t.bucket, t.count AS number),
not_me_token AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($42::text, 'hex'), $43, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $44::int)
  FROM (
    SELECT d.user_id, d.email FROM new_device d, new_device_count c WHERE c.number <= $45::int) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
new_device_mail AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $46::uuid, $47, coalesce(s.email, ''), coalesce(s.locale, $48::text), s.owner_id::uuid,
    $49::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($50::text[])[array_position($51::text[], s.email::text)] END,
    least(now() + make_interval(secs => $52::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, d.locale FROM not_me_token i, new_device d) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
signed_in AS (SELECT * FROM opened UNION ALL SELECT s.id AS session_id, s.user_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $53::uuid)
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, i.session_id, i.auth_time, i.expires_in,
  EXISTS (SELECT FROM new_device) AS is_new_device
FROM signed_in i JOIN users u ON u.id = i.user_id;

-- shape 2 of 2

WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale, u.device_generation FROM users u
  WHERE u.id = $1::uuid AND u.password_hash = $2 AND u.banned_at IS NULL
  FOR NO KEY UPDATE
),
rehashed AS (
  UPDATE users u SET password_hash = $3
  FROM holder o WHERE u.id = o.user_id AND u.password_hash = $4
  RETURNING u.id),
opened AS (
  INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, method, amr, cookie_counter, body_counter,
      ip_address, user_agent, device, location, device_id)
  SELECT $5::uuid, o.user_id,
    now() + make_interval(secs => least($6::int, $7::int)),
    now() + make_interval(secs => $8::int),
    $9, $10::text[],
    CASE WHEN $11::boolean THEN 0 END, CASE WHEN $12::boolean THEN 0 END,
    $13::inet, $14::text, $15::jsonb, $16::jsonb,
    $17::uuid
  FROM holder o
  ON CONFLICT (id) DO NOTHING
  RETURNING id AS session_id, user_id, floor(extract(epoch FROM sessions.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM sessions.expires_at - now()))::float8 AS expires_in),
opened_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $18, $19, $20::text, $21::text, e.user_id, e.session_id,
    $22::uuid, $23::inet, $24::text,
    $25::jsonb
  FROM opened e ),
evicted AS (
  DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
          SELECT x.id FROM sessions x
          WHERE x.user_id = (SELECT o.user_id FROM holder o) AND x.expires_at > now() AND x.id <> $26::uuid
          ORDER BY x.last_active_at DESC, x.id OFFSET $27::int
      ))
      FOR UPDATE SKIP LOCKED
  ))
  RETURNING s.user_id, s.id AS session_id),
evicted_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $28, $29, $30::text, $31::text, e.user_id, e.session_id,
    $32::uuid, $33::inet, $34::text,
    $35::jsonb
  FROM evicted e ),
cleared AS (DELETE FROM login_attempts t WHERE t.bucket = $36 AND EXISTS (SELECT 1 FROM holder) RETURNING t.bucket),
new_device AS (
  SELECT h.user_id, h.email, h.locale FROM opened o JOIN holder h ON h.user_id = o.user_id
  WHERE CASE WHEN EXISTS (
    SELECT 1 FROM unnest($37::uuid[], $38::int[]) AS k (user_id, generation)
    WHERE k.user_id = h.user_id AND k.generation = h.device_generation
  ) THEN $39::text END IS NULL
),
new_device_count AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $40::uuid, now() + make_interval(secs => $41::int) FROM (
    SELECT 'mail:new_device:user:' || d.user_id AS bucket FROM new_device d WHERE d.email = ANY ($42::text[])) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $43::int + 1
  RETURNING t.bucket, t.count AS number),
not_me_token AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($44::text, 'hex'), $45, s.user_id::uuid, s.email::text, NULL::text, NULL::text,
    now(), now() + make_interval(secs => $46::int)
  FROM (
    SELECT d.user_id, d.email FROM new_device d, new_device_count c WHERE c.number <= $47::int) s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
new_device_mail AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $48::uuid, $49, coalesce(s.email, ''), coalesce(s.locale, $50::text), s.owner_id::uuid,
    $51::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($52::text[])[array_position($53::text[], s.email::text)] END,
    least(now() + make_interval(secs => $54::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT i.*, d.locale FROM not_me_token i, new_device d) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id),
signed_in AS (SELECT * FROM opened UNION ALL SELECT s.id AS session_id, s.user_id, floor(extract(epoch FROM s.authenticated_at))::float8 AS auth_time,
    floor(extract(epoch FROM s.expires_at - now()))::float8 AS expires_in FROM sessions s WHERE s.id = $55::uuid)
SELECT u.id AS user_id, u.email, u.name, u.email_verified_at IS NOT NULL AS email_verified,
  u.password_hash IS NOT NULL AS has_password, u.created_at AS user_created_at, u.updated_at AS user_updated_at, u.device_generation, i.session_id, i.auth_time, i.expires_in,
  EXISTS (SELECT FROM new_device) AS is_new_device
FROM signed_in i JOIN users u ON u.id = i.user_id;
