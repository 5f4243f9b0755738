-- Returns the account of an e-mail change link or a revert link.
-- src/features/email-change/queries.ts

SELECT u.id AS user_id, u.email, p.target_email
FROM (SELECT t.owner_id, t.target_email FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
WHERE u.banned_at IS NULL;
