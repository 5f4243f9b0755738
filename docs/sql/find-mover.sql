-- Returns the account of an e-mail change link and, if `isChecked` and the caller's session is none of it, reserves a
-- check of its password.
-- src/features/email-change/confirm/queries.ts

-- shape 1 of 4

-- step judge
SELECT CASE
  WHEN p.target_email = $1::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = p.target_email OR x.address_key = ANY (ARRAY[p.target_key]::text[])) AND x.id IS DISTINCT FROM p.owner_id::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = p.target_email OR t.target_key = ANY (ARRAY[p.target_key]::text[]))
    AND t.owner_id IS DISTINCT FROM p.owner_id::uuid
    AND NOT ($2::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = p.target_email OR x.address_key = ANY (ARRAY[p.target_key]::text[])) AND x.id IS DISTINCT FROM p.owner_id::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = p.target_email OR x.address_key = ANY (ARRAY[p.target_key]::text[]))) THEN 'own'
  ELSE 'free' END AS claim
FROM (SELECT t.owner_id, t.target_email, t.target_key FROM one_time_tokens t WHERE t.token_hash = decode($3::text, 'hex') AND t.kind = $4 AND t.spent_at IS NULL AND t.expires_at > now()) p;

-- step find
WITH counted AS (SELECT coalesce(o.address_key, 'user:' || o.user_id) || ':' || coalesce((
      SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
      WHERE k.id = o.user_id AND k.gen = o.device_generation LIMIT 1)::text, 'world') AS bucket, o.* FROM (
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, p.target_email,
      false AS is_by_session
    FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
    WHERE u.banned_at IS NULL) o),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $6::uuid, now() + make_interval(secs => $7::int) FROM (SELECT c.bucket FROM counted c WHERE $8::boolean) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $9::int OR (t.count = $10::int AND t.last_attempt_id = excluded.last_attempt_id)
  RETURNING t.bucket, t.count AS number)
SELECT c.*, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $11::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;

-- shape 2 of 4

-- step judge: as in shape 1

-- step find
WITH counted AS (SELECT coalesce(o.address_key, 'user:' || o.user_id) || ':' || coalesce((
      SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
      WHERE k.id = o.user_id AND k.gen = o.device_generation LIMIT 1)::text, 'world') AS bucket, o.* FROM (
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, p.target_email,
      false AS is_by_session
    FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
    WHERE u.banned_at IS NULL) o),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $6::uuid, now() + make_interval(secs => $7::int) FROM (SELECT c.bucket FROM counted c WHERE NOT c.is_by_session::boolean) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $8::int OR (t.count = $9::int AND t.last_attempt_id = excluded.last_attempt_id)
  RETURNING t.bucket, t.count AS number)
SELECT c.*, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $10::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;

-- shape 3 of 4

-- step judge: as in shape 1

-- step find
WITH counted AS (SELECT coalesce(o.address_key, 'user:' || o.user_id) || ':' || coalesce((
      SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
      WHERE k.id = o.user_id AND k.gen = o.device_generation LIMIT 1)::text, 'world') AS bucket, o.* FROM (
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, p.target_email,
      EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND s.user_id = p.owner_id) AS is_by_session
    FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
    WHERE u.banned_at IS NULL) o),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM (SELECT c.bucket FROM counted c WHERE $10::boolean) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $11::int OR (t.count = $12::int AND t.last_attempt_id = excluded.last_attempt_id)
  RETURNING t.bucket, t.count AS number)
SELECT c.*, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $13::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;

-- shape 4 of 4

-- step judge: as in shape 1

-- step find
WITH counted AS (SELECT coalesce(o.address_key, 'user:' || o.user_id) || ':' || coalesce((
      SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
      WHERE k.id = o.user_id AND k.gen = o.device_generation LIMIT 1)::text, 'world') AS bucket, o.* FROM (
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, p.target_email,
      EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = $4::uuid AND s.user_id = $5::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND s.user_id = p.owner_id) AS is_by_session
    FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t WHERE t.token_hash = decode($6::text, 'hex') AND t.kind = $7 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
    WHERE u.banned_at IS NULL) o),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $8::uuid, now() + make_interval(secs => $9::int) FROM (SELECT c.bucket FROM counted c WHERE NOT c.is_by_session::boolean) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $10::int OR (t.count = $11::int AND t.last_attempt_id = excluded.last_attempt_id)
  RETURNING t.bucket, t.count AS number)
SELECT c.*, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $12::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;
