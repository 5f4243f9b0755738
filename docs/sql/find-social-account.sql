-- Finds the account: by issuer and subject first, else by the address that the provider has verified.
-- src/features/social/sign-in/find/queries.ts

-- shape 1 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, NULL::text AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $4::text FROM unnest($5::uuid[], $6::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $7 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $8 AND i.issuer = ANY ($9::text[])
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 2 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, NULL::text AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $4::text FROM unnest($5::uuid[], $6::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $7 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $8 AND i.issuer = ANY ($9::text[])
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 3 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $18::text FROM unnest($19::uuid[], $20::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $21 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $22 AND i.issuer = ANY ($23::text[])
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 4 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $18::text FROM unnest($19::uuid[], $20::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $21 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $22 AND i.issuer = ANY ($23::text[])
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 5 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $18::text FROM unnest($19::uuid[], $20::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $21 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $22 AND i.issuer = ANY ($23::text[])
    UNION ALL (SELECT u.id, 3, 'address' FROM users u WHERE (lower(u.email) = ANY ($24::text[]) OR u.address_key = ANY ($25::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($26::text[], lower(u.email)) NULLS LAST LIMIT 1)
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 6 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $18)) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $19::text FROM unnest($20::uuid[], $21::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $22 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $23 AND i.issuer = ANY ($24::text[])
    UNION ALL (SELECT u.id, 3, 'address' FROM users u WHERE (lower(u.email) = ANY ($25::text[]) OR u.address_key = ANY ($26::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($27::text[], lower(u.email)) NULLS LAST LIMIT 1)
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 7 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $18::text FROM unnest($19::uuid[], $20::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $21 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $22 AND i.issuer = ANY ($23::text[])
    UNION ALL (SELECT u.id, 3, 'address' FROM users u WHERE (lower(u.email) = ANY ($24::text[]) OR u.address_key = ANY ($25::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($26::text[], lower(u.email)) NULLS LAST LIMIT 1)
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 8 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) THEN 'unverified' WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) OR (u.name = $18)) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $19::text FROM unnest($20::uuid[], $21::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $22 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $23 AND i.issuer = ANY ($24::text[])
    UNION ALL (SELECT u.id, 3, 'address' FROM users u WHERE (lower(u.email) = ANY ($25::text[]) OR u.address_key = ANY ($26::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($27::text[], lower(u.email)) NULLS LAST LIMIT 1)
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;

-- shape 9 of 9

SELECT EXISTS (
  SELECT FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by IS DISTINCT FROM $3::uuid) AS is_spent, CASE
  WHEN $4 = $5::text THEN 'reserved'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($6::text[]) OR x.address_key = ANY ($7::text[])) AND x.id IS DISTINCT FROM $8::uuid AND NOT ((x.email_verified_at IS NULL AND NOT x.is_verification_exempt) AND x.banned_at IS NULL)) THEN 'taken'
  WHEN EXISTS (SELECT FROM one_time_tokens t
  WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND (t.target_email = ANY ($9::text[]) OR t.target_key = ANY ($10::text[]))
    AND t.owner_id IS DISTINCT FROM $11::uuid
    AND NOT ($12::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')) THEN 'held'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($13::text[]) OR x.address_key = ANY ($14::text[])) AND x.id IS DISTINCT FROM $15::uuid) THEN 'open'
  WHEN EXISTS (SELECT FROM users x WHERE (lower(x.email) = ANY ($16::text[]) OR x.address_key = ANY ($17::text[]))) THEN 'own'
  ELSE 'free' END AS claim, f.way,
  u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified, CASE WHEN u.banned_at IS NOT NULL THEN 'refused' WHEN (((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) AND NOT u.id IN (
      SELECT d.user_id FROM trusted_devices d WHERE d.id = ANY ($18::uuid[]) AND d.expires_at > now()))) THEN 'challenge' ELSE 'session' END AS verdict,
  (
  SELECT $19::text FROM unnest($20::uuid[], $21::int[]) AS k (id, gen)
  WHERE k.id = d.user_id AND k.gen = d.device_generation LIMIT 1) IS NOT NULL AS is_known_device
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT x.user_id, x.way FROM (
    SELECT i.user_id, CASE WHEN i.issuer = $22 THEN 1 ELSE 2 END AS rank, 'identity' AS way FROM identities i WHERE i.subject = $23 AND i.issuer = ANY ($24::text[])
    UNION ALL (SELECT u.id, 3, 'address' FROM users u WHERE (lower(u.email) = ANY ($25::text[]) OR u.address_key = ANY ($26::text[]))
      ORDER BY (u.email_verified_at IS NULL AND NOT u.is_verification_exempt), array_position($27::text[], lower(u.email)) NULLS LAST LIMIT 1)
  ) x ORDER BY x.rank LIMIT 1
) f ON true LEFT JOIN users u ON u.id = f.user_id
LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true;
