const expressions = [
  'OR 1=1',
  'OR TRUE',
  'AND 1=0',
  "OR '1'='1'",
  'UNION SELECT null',
  'UNION ALL SELECT id, email, password_hash FROM users',
  'UNION SELECT version()',
  '; SELECT pg_sleep(3)',
  '|| (SELECT pg_sleep(3))',
  'AND (SELECT 1 FROM pg_sleep(3)) IS NOT NULL',
  'OR (SELECT count(*) FROM generate_series(1, 100000000)) IS NOT NULL',
  '; DROP TABLE users',
  '; DELETE FROM sessions',
  "; UPDATE users SET email_verified_at = now(), password_hash = 'x'",
  "; INSERT INTO users (email, name) VALUES ('injected@example.com', 'x')",
  '; TRUNCATE users CASCADE',
  "; COPY users TO PROGRAM 'id'",
  '; ALTER TABLE users DROP COLUMN email',
  'LIMIT 1 OFFSET 1',
  'ORDER BY 99',
  'HAVING 1=1',
  'RETURNING *',
  '; COMMIT; DROP TABLE sessions; BEGIN',
  'AND cast(version() AS int) = 1',
];
const openings = ["'", "')", '"', '`', "\\'", "''", '1', '$1', '%27', '$$'];
const endings = [' --', ''];

const alone = [
  "'",
  "''",
  '"',
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  '$1',
  '$2::text',
  '%00',
  '%27',
  '%',
  '_',
  '{}',
  '{"a":1}',
  '#{7*7}',
  'NULL',
  'DEFAULT',
  'now()',
  '\u2019 OR 1=1',
  '\uff07 OR 1=1',
  "x'; SELECT pg_sleep(3); --",
  '00000000-0000-4000-8000-000000000000',
  "00000000-0000-4000-8000-000000000000' OR '1'='1",
  '-1',
  '99999999999999999999',
  '1e309',
  'NaN',
  'infinity',
];

/** Texts that would be SQL if anything pasted them into a statement; more than 500. */
export const injections: readonly string[] = [
  ...alone,
  ...openings.flatMap((opening) =>
    expressions.flatMap((expression) => endings.map((ending) => `x${opening} ${expression}${ending}`)),
  ),
];

/** One for each way out of a text, and for each thing that a statement could be made to do. */
export const tellingInjections: readonly string[] = [
  "'",
  '\\',
  '$1',
  '%27',
  "x' OR 1=1 --",
  'x" OR 1=1 --',
  "x' UNION ALL SELECT id, email, password_hash FROM users --",
  "x'; SELECT pg_sleep(3) --",
  "x'; DELETE FROM sessions --",
  "x\\'; DROP TABLE users --",
  "x$$; UPDATE users SET email_verified_at = now(), password_hash = 'x' --",
  "x'; INSERT INTO users (email, name) VALUES ('injected@example.com', 'x') --",
  "00000000-0000-4000-8000-000000000000' OR '1'='1",
];

/** Of these every mail server would say that they are good local parts (RFC 5321). */
export const injectingEmails: readonly string[] = [
  "o'brien@example.com",
  "'or'1'='1'@example.com",
  "x'/**/or/**/'1'='1@example.com",
  "x'--@example.com",
  '$1@example.com',
  '%@example.com',
  '_@example.com',
  '{}@example.com',
  "'||pg_sleep@example.com",
  '`x`@example.com',
];
