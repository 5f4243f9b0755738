-- Uses the state up, and links the identity to the account of the session that began it, if that is still live and
-- passes the gates, and nobody else has the identity (LNK-04).
-- src/features/social/link/queries.ts

-- shape 1 of 2

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR NO KEY UPDATE;

-- step keepSession
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1::uuid AND s.user_id = $2::uuid AND s.expires_at > now() AND u.banned_at IS NULL FOR KEY SHARE OF s;

-- step spend
INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
VALUES (decode($1::text, 'hex'), $2, now() + make_interval(secs => $3::int), now(), $4::uuid)
ON CONFLICT (token_hash) DO NOTHING;

-- step link
WITH added AS (
  INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved, last_used_at, added_by)
  SELECT $1::uuid, o.user_id, $2, $3, $4, $5::text, $6::boolean,
    now(), $7::uuid
  FROM (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $8::uuid AND s.user_id = $9::uuid AND s.expires_at > now() AND u.banned_at IS NULL AND ((CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
          THEN coalesce(s.second_factor_at > now() - make_interval(secs => $10::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
          ELSE s.authenticated_at > now() - make_interval(secs => $11::int) END)) AND EXISTS (SELECT FROM (
        SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
          t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($12::text, 'hex') AND t.kind = $13 AND t.spent_by = $14::uuid) c)) o
  ON CONFLICT DO NOTHING
  RETURNING id, user_id)
INSERT INTO security_events
  (id, type, outcome, method, reason, user_id, session_id, request_id, operation_id, ip_address, user_agent, location)
SELECT gen_random_uuid(), $15, $16, $17::text, $18::text, e.user_id, e.session_id,
  $19::uuid, $20::uuid, $21::inet, $22::text,
  $23::jsonb
FROM (SELECT a.user_id, NULL::uuid AS session_id FROM added a) e;

-- step tellLinked
INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
    operation_id, facts, expires_at, finished_at, outcome)
SELECT gen_random_uuid(), $1, coalesce(r.recipient, ''), r.recipient_key, $2::text,
  $3::text, coalesce(r.locale, $4::text),
  CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, $5::uuid, $6::uuid,
  CASE WHEN r.recipient IS NOT NULL THEN $7::jsonb END,
  now() + make_interval(secs => $8::int),
  CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
FROM (
  SELECT s.user_id, s.locale, s.recipient_key AS recipient_key,
    CASE WHEN ((
      SELECT count(*) FILTER (WHERE o.kind = $9 AND o.created_at > now() - make_interval(secs => $10::int)) < $11::int
        AND count(*) FILTER (WHERE o.kind = $12)
        < CASE WHEN s.is_verified THEN $13::int ELSE $14::int END
        AND (s.is_verified OR count(*) < $15::int)
      FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => $16::int)
        AND o.outcome IS DISTINCT FROM 'dropped' )) THEN s.recipient::text END AS recipient
  FROM (SELECT u.id AS user_id, u.email::text AS recipient, coalesce(u.address_key, 'user:' || u.id) AS recipient_key,
      NOT (u.email_verified_at IS NULL AND NOT u.is_verification_exempt) AS is_verified, u.locale FROM (
      SELECT i.user_id, NULL::uuid AS session_id FROM identities i WHERE i.id = $17::uuid AND i.created_at = now()) e JOIN users u ON u.id = e.user_id) s
  WHERE true
) r
WHERE $18::boolean OR r.recipient IS NOT NULL;

-- step answer
SELECT EXISTS (SELECT FROM (
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.created_at,
      t.spent_at AS consumed_at FROM one_time_tokens t WHERE t.token_hash = decode($1::text, 'hex') AND t.kind = $2 AND t.spent_by = $3::uuid) c) AS is_ours, l.is_live IS NOT NULL AS is_live, l.refused_by,
  EXISTS (SELECT FROM identities i WHERE i.user_id = $4::uuid AND i.subject = $5 AND i.issuer = ANY ($6::text[])) AS is_linked,
  EXISTS (SELECT FROM identities i WHERE i.user_id = $7::uuid AND i.provider = $8 AND NOT (i.subject = $9 AND i.issuer = ANY ($10::text[]))) AS has_another
FROM (VALUES (1)) AS one LEFT JOIN (
  SELECT true AS is_live, CASE WHEN NOT (CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)))
      THEN coalesce(s.second_factor_at > now() - make_interval(secs => $11::int) AND s.second_factor_at >= least(CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN u.two_factor_since END), false)
      ELSE s.authenticated_at > now() - make_interval(secs => $12::int) END) THEN ARRAY[$13::text] || CASE WHEN ((u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true))) THEN '{}'::text[] || CASE WHEN (u.two_factor_since IS NOT NULL AND coalesce(u.two_factor_reset_at > now(), true)) THEN CASE WHEN EXISTS (SELECT FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL) THEN '{totp,backup_code}'::text[] ELSE '{totp}'::text[] END ELSE '{}' END ELSE array_remove(ARRAY[CASE WHEN u.password_hash IS NOT NULL THEN $14 END, CASE WHEN EXISTS (SELECT FROM identities i WHERE i.user_id = u.id AND i.provider <> ALL ($15::text[])) THEN $16 END, CASE WHEN (u.password_hash IS NULL AND u.email_verified_at IS NOT NULL) THEN $17 END]::text[], NULL) END END AS refused_by FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $18::uuid AND s.user_id = $19::uuid AND s.expires_at > now() AND u.banned_at IS NULL
) l ON true;

-- shape 2 of 2

-- step holdUser: as in shape 1

-- step keepSession: as in shape 1

-- step spend: as in shape 1

-- step link: as in shape 1

-- step keepToken
INSERT INTO provider_tokens (id, identity_id, provider, client_id, sealed)
SELECT $1::uuid, i.id, i.provider, $2::text, $3::text FROM identities i WHERE i.subject = $4 AND i.issuer = ANY ($5::text[]) LIMIT 1
ON CONFLICT ON CONSTRAINT provider_tokens_identity_key
DO UPDATE SET id = excluded.id, client_id = excluded.client_id, sealed = excluded.sealed, created_at = now();

-- step tellLinked: as in shape 1

-- step answer: as in shape 1
