-- Finds the pending registration whose address the token verifies and, if `isChecked`, reserves a check of its
-- password.
-- src/features/email-verification/confirm-registration/queries.ts

WITH counted AS (SELECT o.subject || ':' || coalesce(o.registration_id::text, 'world') AS bucket, o.* FROM (
    SELECT r.id AS registration_id, NULL::uuid AS user_id, r.email, r.password_hash, r.subject
    FROM (SELECT t.owner_id FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) k JOIN registration_attempts r ON r.id = k.owner_id
    WHERE r.expires_at > now() AND CASE
      WHEN r.email = $3::text THEN 'reserved'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = r.email OR x.address_key = ANY (ARRAY[r.subject]::text[])) AND x.id IS DISTINCT FROM $4::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
      WHEN EXISTS (SELECT FROM one_time_tokens t
      WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = r.email OR t.target_key = ANY (ARRAY[r.subject]::text[]))
        AND t.owner_id IS DISTINCT FROM $5::uuid
        AND NOT ($6::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = r.email OR x.address_key = ANY (ARRAY[r.subject]::text[])) AND x.id IS DISTINCT FROM $7::uuid) THEN 'open'
      WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = r.email OR x.address_key = ANY (ARRAY[r.subject]::text[]))) THEN 'own'
      ELSE 'free' END IN ('free', 'open')) o),
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
