-- Returns the account of a link without consuming it.
-- src/features/way-back/queries.ts

-- shape 1 of 2

SELECT u.id AS user_id, u.email, w.target_email, w.target_key, w.way_back, coalesce(w.replaced_by, u.email) AS replaced_by
FROM (SELECT t.owner_id, t.email, t.token_hash FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
LEFT JOIN LATERAL (
  SELECT t.target_email, t.target_key, t.way_back, (
    SELECT r.target_email FROM one_time_tokens r
    WHERE r.owner_id = t.owner_id AND r.kind = 'revert_email' AND r.created_at > t.created_at
      AND r.target_email <> t.target_email
    ORDER BY r.created_at LIMIT 1) AS replaced_by
  FROM one_time_tokens t WHERE t.owner_id = u.id AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.token_hash = p.token_hash
  ORDER BY t.created_at LIMIT 1
) w ON true
WHERE u.banned_at IS NULL;

-- shape 2 of 2

SELECT u.id AS user_id, u.email, w.target_email, w.target_key, w.way_back, coalesce(w.replaced_by, u.email) AS replaced_by
FROM (SELECT t.owner_id, t.email, t.token_hash FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_at IS NULL AND t.expires_at > now()) p JOIN users u ON u.id = p.owner_id
LEFT JOIN LATERAL (
  SELECT t.target_email, t.target_key, t.way_back, (
    SELECT r.target_email FROM one_time_tokens r
    WHERE r.owner_id = t.owner_id AND r.kind = 'revert_email' AND r.created_at > t.created_at
      AND r.target_email <> t.target_email
    ORDER BY r.created_at LIMIT 1) AS replaced_by
  FROM one_time_tokens t WHERE t.owner_id = u.id AND t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = p.email AND u.email <> p.email
  ORDER BY t.created_at LIMIT 1
) w ON CASE
  WHEN lower(w.target_email) = $3::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower(w.target_email) AND x.id IS DISTINCT FROM u.id::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = lower(w.target_email) OR t.target_key = ANY (ARRAY[w.target_key]::text[]))
    AND t.owner_id IS DISTINCT FROM u.id::uuid
    AND NOT ($4::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower(w.target_email) AND x.id IS DISTINCT FROM u.id::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE lower(x.email) = lower(w.target_email)) THEN 'own'
  ELSE 'free' END IN ('free', 'own')
WHERE u.banned_at IS NULL;
