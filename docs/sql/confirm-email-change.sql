-- Changes the address, queues the mail to the former one and runs the effects: all or nothing.
-- src/features/email-change/queries.ts

-- step holdUser
SELECT u.id AS user_id FROM users u WHERE u.id = $1::uuid FOR UPDATE;

-- step change
WITH holder AS MATERIALIZED (
  SELECT u.id AS user_id, u.email, u.locale, u.email_verified_at IS NULL AS is_unverified FROM users u
  WHERE u.id = $1::uuid AND u.email = $2 AND u.banned_at IS NULL
    AND NOT EXISTS (
    SELECT FROM users x WHERE lower(x.email) = $3 AND x.id IS DISTINCT FROM $4::uuid) AND NOT EXISTS (SELECT FROM one_time_tokens t
    WHERE t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now() AND t.target_email = $5 AND t.owner_id IS DISTINCT FROM $6::uuid)
),
consumed AS (
  UPDATE one_time_tokens t SET spent_at = now(), spent_by = $7::uuid FROM holder h
  WHERE t.token_hash = decode($8::text, 'hex') AND t.kind = $9 AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
  RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket),
dropped AS (DELETE FROM registration_attempts r USING (SELECT s.target_email AS email FROM consumed s) p WHERE r.email = p.email RETURNING r.id),
changed AS (
  UPDATE users u SET email = p.target_email, email_verified_at = now(), updated_at = now()
  FROM (SELECT s.* FROM consumed s WHERE (SELECT count(*) FROM dropped) >= 0) p WHERE u.id = p.user_id
  RETURNING u.id),
revoked AS (
  DELETE FROM one_time_tokens t USING consumed o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($10::text[]) AND t.spent_at IS NULL AND t.token_hash <> decode($11::text, 'hex')
  RETURNING t.token_hash),
moved AS (
  SELECT h.user_id, NULL::uuid AS session_id, h.email, h.locale, h.is_unverified
  FROM holder h JOIN changed c ON c.id = h.user_id
),
moved_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $12, $13, $14::text, $15::text, e.user_id, e.session_id,
    $16::uuid, $17::inet, $18::text,
    $19::jsonb
  FROM moved e ),
proved AS (SELECT m.user_id, m.session_id FROM moved m WHERE m.is_unverified)
,
proved_effect_0 AS (
  INSERT INTO security_events
    (id, type, outcome, method, reason, user_id, session_id, request_id, ip_address, user_agent, location)
  SELECT gen_random_uuid(), $20, $21, $22::text, $23::text, e.user_id, e.session_id,
    $24::uuid, $25::inet, $26::text,
    $27::jsonb
  FROM proved e ),
proved_effect_1 AS (
  DELETE FROM one_time_tokens t USING proved o
  WHERE t.owner_id = o.user_id AND t.kind = ANY ($28::text[]) AND t.spent_at IS NULL
  RETURNING t.token_hash),
issued AS (
  INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
  SELECT decode($29::text, 'hex'), $30, s.user_id::uuid, s.email::text, s.email::text, NULL::text,
    now(), now() + make_interval(secs => $31::int)
  FROM moved s
  ON CONFLICT (token_hash) DO NOTHING
  RETURNING owner_id, email, target_email),
sent AS (
  INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, sealed, expires_at, finished_at, outcome)
  SELECT $32::uuid, $33, coalesce(s.email, ''), coalesce(s.locale, $34::text), s.user_id::uuid,
    $35::uuid,
    CASE WHEN s.email IS NOT NULL
    THEN ($36::text[])[array_position($37::text[], s.email::text)] END,
    least(now() + make_interval(secs => $38::int), NULL::timestamptz),
    CASE WHEN s.email IS NULL THEN now() END, CASE WHEN s.email IS NULL THEN 'dropped' END
  FROM (SELECT m.* FROM moved m JOIN issued i ON i.owner_id = m.user_id) s
  ON CONFLICT (id) DO NOTHING
  RETURNING id)
SELECT m.user_id FROM moved m UNION ALL SELECT b.user_id FROM (
  SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
  WHERE t.token_hash = decode($39::text, 'hex') AND t.kind = $40 AND t.spent_by = $41::uuid) b;
