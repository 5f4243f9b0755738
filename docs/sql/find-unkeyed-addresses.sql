-- Makes the address keys of up to `limit` accounts that have none, or one of an earlier root: those of the earlier
-- system, and all of them while AUTH_SECRET is being rotated.
-- src/features/addresses/queries.ts

SELECT u.id AS user_id, u.email FROM users u WHERE u.address_key IS NULL
UNION ALL SELECT u.id, u.email FROM users u WHERE u.address_key < $1
UNION ALL SELECT u.id, u.email FROM users u WHERE u.address_key >= $2
LIMIT $3::int;
