import { Fragment } from '../../src/db/sql.ts';

// The SQL of the legacy system's guide, as it stands there.

/** "Database Schema". */
export const schema = `
CREATE TABLE users (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  email VARCHAR(255) UNIQUE NOT NULL,
  name VARCHAR(255) NOT NULL,
  password_hash VARCHAR(255),
  oauth_provider VARCHAR(50),
  oauth_id VARCHAR(255),
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_users_email ON users(email);
CREATE INDEX idx_users_oauth ON users(oauth_provider, oauth_id);

CREATE TABLE sessions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  refresh_token VARCHAR(500),
  expires_at TIMESTAMP NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_sessions_user_id ON sessions(user_id);
`;

/** "Verify Session Created". */
export const verification = `
SELECT id, user_id, expires_at, created_at 
FROM sessions 
ORDER BY created_at DESC 
LIMIT 5;
`;

/** "Monitor Active Sessions". */
export const monitoring = `
-- Count active sessions
SELECT COUNT(*) FROM sessions WHERE expires_at > NOW();

-- Sessions by user
SELECT user_id, COUNT(*) as session_count 
FROM sessions 
WHERE expires_at > NOW() 
GROUP BY user_id 
ORDER BY session_count DESC;

-- Find old sessions
SELECT id, user_id, created_at, expires_at 
FROM sessions 
WHERE expires_at < NOW() 
LIMIT 10;
`;

/** "Failed to create user". */
export const commonIssues = `
-- Check for duplicate
SELECT email FROM users WHERE email = 'user@example.com';

-- Check connection
SELECT 1 as alive;
`;

/** "After (Database)": what findUserByEmail runs. */
export const userByEmail = 'SELECT * FROM users WHERE email = $1';

/** "Unit Tests": a session with a plain token that has expired. */
export const expiredSession =
  "INSERT INTO sessions (user_id, refresh_token, expires_at) VALUES ($1, $2, NOW() - INTERVAL '1 day')";

/** The statements of a snippet, each ready to run; `$1`, `$2` ... stand for the parameters in this order. */
export function statementsOf(snippet: string, parameters: readonly unknown[] = []): Fragment[] {
  return snippet
    .split(';')
    .filter((text) => text.trim() !== '')
    .map((text) => new Fragment(text.split(/\$\d/), parameters));
}
