-- Finds up to `limit` users of whom a reset is due; one that somebody else holds is left for the next time.
-- src/features/two-factor/operator-reset/queries.ts

SELECT u.id AS user_id FROM users u WHERE u.two_factor_reset_at <= now() ORDER BY u.two_factor_reset_at LIMIT $1::int FOR UPDATE SKIP LOCKED;
