-- Finds whose address the token verifies and, if `isChecked`, reserves a check of the password.
-- src/features/email-verification/verify/queries.ts

WITH counted AS (SELECT coalesce(o.address_key, 'user:' || o.user_id) || ':' || coalesce((
      SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
      WHERE k.id = o.user_id AND k.gen = o.device_generation LIMIT 1)::text, 'world') AS bucket, o.* FROM (
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key
    FROM (SELECT t.owner_id, t.email FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) k JOIN users u ON u.id = k.owner_id
    WHERE u.email = k.email AND u.banned_at IS NULL) o),
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
