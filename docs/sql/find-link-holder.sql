-- Returns the account of a link that can still be used, without consuming it.
-- src/features/account-recovery/queries.ts

SELECT u.id AS user_id, u.email FROM (SELECT t.owner_id FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) t
JOIN users u ON u.id = t.owner_id WHERE u.banned_at IS NULL;
