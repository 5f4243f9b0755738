-- Finds whose address the token verifies and, if `isChecked`, reserves a check of the password.
-- src/features/email-verification/verify/queries.ts

-- shape 1 of 2

WITH token AS (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()),
owner AS (
  SELECT u.id AS owner_id, u.id AS user_id, u.email, u.password_hash, u.device_generation, NULL::text AS subject
  FROM token t JOIN users u ON u.id = t.owner_id
  WHERE u.email = t.email AND u.banned_at IS NULL),
counted AS (SELECT 'user:' || o.user_id || ':' || coalesce(CASE WHEN EXISTS (
      SELECT 1 FROM unnest($3::uuid[], $4::int[]) AS k (user_id, generation)
      WHERE k.user_id = o.user_id AND k.generation = o.device_generation
    ) THEN $5::text END::text, 'world') AS bucket, o.* FROM owner o),
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
SELECT c.owner_id, c.user_id, c.email, c.password_hash, c.subject, c.bucket, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $11::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;

-- shape 2 of 2

WITH token AS (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()),
owner AS (
  SELECT r.id AS owner_id, NULL::uuid AS user_id, r.email, r.password_hash, r.subject
  FROM token k JOIN registration_attempts r ON r.id = k.owner_id
  WHERE r.expires_at > now() AND NOT EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = r.email AND t.owner_id IS DISTINCT FROM $3::uuid) AND NOT EXISTS (
    SELECT FROM users u WHERE lower(u.email) = r.email AND NOT ((u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AND u.banned_at IS NULL)
)),
counted AS (SELECT o.subject || ':' || coalesce(o.owner_id::text, 'world') AS bucket, o.* FROM owner o),
reserved AS (
  INSERT INTO login_attempts AS t (bucket, count, last_attempt_id, window_ends_at)
  SELECT s.bucket, 1, $4::uuid, now() + make_interval(secs => $5::int) FROM (SELECT c.bucket FROM counted c WHERE $6::boolean) s
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE
    WHEN t.window_ends_at <= now() THEN 1
    WHEN t.last_attempt_id = excluded.last_attempt_id THEN t.count
    ELSE t.count + 1
    END,
    last_attempt_id = excluded.last_attempt_id,
    window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
  WHERE t.window_ends_at <= now() OR t.count < $7::int OR (t.count = $8::int AND t.last_attempt_id = excluded.last_attempt_id)
  RETURNING t.bucket, t.count AS number)
SELECT c.owner_id, c.user_id, c.email, c.password_hash, c.subject, c.bucket, r.number, coalesce(
    (SELECT ceil(extract(epoch FROM t.window_ends_at - now()))::int
    FROM login_attempts t WHERE t.bucket = c.bucket AND t.window_ends_at > now()),
    $9::int) AS retry_after_seconds
FROM counted c LEFT JOIN reserved r ON true;
