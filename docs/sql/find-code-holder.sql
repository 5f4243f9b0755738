-- Finds the account of a code, by the verifier that it is for.
-- src/features/social/exchange/queries.ts

-- shape 1 of 3

SELECT h.user_id, h.email, h.method, h.is_challenge, h.is_new, (
  SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
  WHERE k.id = h.user_id AND k.gen = h.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (
  SELECT u.id AS user_id, u.email, u.device_generation, t.challenge->>'method' AS method,
    coalesce(t.created_at IN (u.created_at, u.email_verified_at), false) AS is_new,
    ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) AS is_challenge
  FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($4::text, 'hex') AND t.kind = $5 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND t.challenge->>'codeChallenge' = $6
) h;

-- shape 2 of 3

SELECT h.user_id, h.email, h.method, h.is_challenge, h.is_new, (
  SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
  WHERE k.id = h.user_id AND k.gen = h.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (
  SELECT u.id AS user_id, u.email, u.device_generation, t.challenge->>'method' AS method,
    coalesce(t.created_at IN (u.created_at, u.email_verified_at), false) AS is_new,
    ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $4)) AS is_challenge
  FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND t.challenge->>'codeChallenge' = $7
) h;

-- shape 3 of 3

SELECT h.user_id, h.email, h.method, h.is_challenge, h.is_new, (
  SELECT $1::text FROM unnest($2::uuid[], $3::int[]) AS k (id, gen)
  WHERE k.id = h.user_id AND k.gen = h.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (
  SELECT u.id AS user_id, u.email, u.device_generation, t.challenge->>'method' AS method,
    coalesce(t.created_at IN (u.created_at, u.email_verified_at), false) AS is_new,
    (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
        SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($4::uuid[]) AND d.expires_at > now()))) AS is_challenge
  FROM (SELECT t.* FROM one_time_tokens t WHERE t.token_hash = decode($5::text, 'hex') AND t.kind = $6 AND t.spent_at IS NULL AND t.expires_at > now()) t JOIN users u ON u.id = t.owner_id AND u.email = t.email
  WHERE u.banned_at IS NULL AND t.challenge->>'codeChallenge' = $7
) h;
