-- Gives back an attempt that was not checked.
-- src/rate-limit/queries.ts

UPDATE login_attempts t SET
  count = greatest(least(t.count, $1::int) - 1, 1),
  window_ends_at = CASE WHEN t.count = 1 THEN now() ELSE t.window_ends_at END
WHERE t.bucket = $2;
