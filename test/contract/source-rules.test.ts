import { describe, expect, test } from 'vitest';
import { sources } from './sources.ts';

/** Lines of code, comments left out, that match; each as `path: line`. */
function linesWith(pattern: RegExp, paths = Object.keys(sources)): string[] {
  return paths.flatMap((path) =>
    (sources[path] ?? '')
      .split('\n')
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line) && pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
}

/** Files in which a pattern stands. */
function filesWith(pattern: RegExp): string[] {
  return [...new Set(linesWith(pattern).map((line) => line.slice(0, line.indexOf(':'))))].toSorted();
}

describe('SQL in the source', () => {
  test('never reaches the driver but as text and parameters of a fragment (SQL-01)', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(50);
    expect(linesWith(/\.unsafe\s*\(/)).toEqual([]);
    expect(filesWith(/@neondatabase\/serverless/)).toEqual(['src/db/client.ts', 'src/db/database-error.ts']);
    expect(linesWith(/#driver\.(query|transaction)\(/, ['src/db/client.ts'])).toEqual([
      'src/db/client.ts: const rows = await this.#driver.query(text, params, { fetchOptions });',
      'src/db/client.ts: this.#driver.transaction(',
      'src/db/client.ts: compiled.map(({ text, params }) => this.#driver.query(text, params)),',
    ]);
  });

  test('is composed of raw text in the fragment type and the migration runner alone (SQL-01)', () => {
    expect(filesWith(/new Fragment\(/)).toEqual(['src/db/migrations.ts', 'src/db/sql.ts']);
  });

  test('names nothing that a request could choose (SQL-01)', () => {
    const uses = filesWith(/(?<!function )\bidentifier\(/);
    expect(uses.filter((path) => !path.startsWith('src/db/'))).toEqual([]);
  });

  test('is never glued together (SQL-01)', () => {
    const statement = '(SELECT\\s|INSERT INTO|UPDATE\\s+\\w+\\s+SET|DELETE FROM)';
    expect(linesWith(new RegExp(`["'].*${statement}.*["'] *\\+|\\+ *["'].*${statement}`))).toEqual([]);
    // A template with a statement in it that is not tagged.
    const untagged = Object.entries(sources).filter(([path, text]) => {
      const templates = text.match(new RegExp(`(?<!sql)(?<!sql<[^\`]*>)\`\\s*${statement}`, 'g'));
      return path !== 'src/db/migrations.ts' && templates !== null;
    });
    expect(untagged.map(([path]) => path)).toEqual([]);
  });
});

describe('KV in the source', () => {
  test('is used for request counts and block marks alone: no session, token or attempt is in it (T4)', () => {
    expect(filesWith(/\bKVNamespace\b|#kv\b/)).toEqual([
      'src/config.ts',
      'src/rate-limit/rate-limiter.ts',
      'src/rate-limit/shared-counts.ts',
    ]);
  });
});

describe('time in the source', () => {
  /** Who asks a clock, and why it is not to measure work: in production it stands still while the CPU is busy. */
  const clocks = {
    'src/clean-up/clean-up.ts': 'until when batches are begun: the clock moves while the database works',
    'src/create-deps.ts':
      'the clock that is handed to the flows, for the times in tokens, and by whose minutes requests are counted',
    'src/db/client.ts': 'timeouts and waiting for the network, during which the clock moves',
    'src/features/health/check-health.ts': 'the age of a probe, and waiting for the network',
    'src/features/social/apple-token/revoke-tokens.ts': 'the time in a client secret',
    'src/features/social/outbound/provider-client.ts': 'waiting for a provider, during which the clock moves',
    'src/features/social/outbound/remembered.ts': 'the age of what was fetched',
    'src/hashing/hash-semaphore.ts':
      'until when a permit is held, and waiting for one, during which the clock moves',
    'src/hashing/password-hasher.ts': 'shown in development, and decides nothing',
    'src/log.ts': 'the time of a log line',
  };

  test('is asked for by these files alone (IDM-04)', () => {
    expect(filesWith(/\bDate\.now\b|\bperformance\.now\b|\bnew Date\(\)/)).toEqual(Object.keys(clocks));
  });

  test('of hashing is shown in development and decides nothing (IDM-04)', () => {
    expect(filesWith(/\bperformance\b/)).toEqual(['src/hashing/password-hasher.ts']);
    expect(filesWith(/\bworkedMs\b/)).toEqual([
      'src/hashing/password-hasher.ts',
      'src/http/server-timing.ts',
    ]);
  });

  /** Who waits, and why it is not to make an answer look as slow as another. */
  const pauses = {
    'src/db/client.ts': 'the timeout of a statement, and a moment before it is repeated',
    'src/db/migrations/migration-limits.ts': 'for whoever holds a table that a migration changes',
    'src/features/health/check-health.ts': 'for the probe of another request',
    'src/features/social/outbound/provider-client.ts': 'the end of waiting for a provider',
    'src/hashing/hash-semaphore.ts': 'for a permit of the isolate, and for other requests to have their turn',
    'src/hashing/password-hasher.ts': 'in development, for the clock to move on',
    'src/rate-limit/answer-within.ts': 'the end of waiting for KV and the gate',
  };

  test('is never padded (IDM-04)', () => {
    expect(filesWith(/\bscheduler\.wait\b|\bsetTimeout\b/)).toEqual(Object.keys(pauses));
  });
});

describe('the deployed service', () => {
  test('replaces neither the clock nor the cost of a password hash, and no variable sets that cost (HSH-01)', () => {
    expect(linesWith(/createApp\(/, ['src/index.ts'])).toEqual([
      'src/index.ts: const { fetch } = createApp();',
    ]);
    expect(filesWith(/\bargon2Parameters\b/)).toEqual(['src/create-deps.ts']);
    expect(filesWith(/\bliveParameters\b/)).toEqual(['src/crypto/password-hash.ts']);
  });
});

describe('secrets in the source', () => {
  /** Comparisons of what is named like a secret, and why none of them tells somebody how much of a guess was right. */
  const comparisons = {
    'config.adminSecret === config.cronSecret': 'of two that the operator has set, whatever is presented',
    'password !== demoPassword': 'with a password that the documents name',
    'body[name] === body.confirmPassword': 'of two that one request presents',
    'tag === lang': 'of the names of two languages',
    'byCookie?.hash === hash': 'of two that one request presents, made by us both',
  };

  test('are compared by isSecretEqual alone (CRN-02)', () => {
    const secret = /[\w.?]*(?:secret|token|password|hash|mac|tag|digest|signature)\b/i.source;
    const constant = /(?:null|undefined|true|false|'[^']*')/.source;
    const compared = new RegExp(
      `\\b${secret}\\)? [!=]==? (?!${constant})|(?<!') [!=]==? ${secret}|(?:startsWith|includes|indexOf|localeCompare)\\(${secret}\\)|timingSafeEqual`,
      'i',
    );
    const known = Object.keys(comparisons);
    expect(linesWith(compared).filter((line) => !known.some((text) => line.includes(text)))).toEqual([]);
    expect(known.filter((text) => !linesWith(compared).some((line) => line.includes(text)))).toEqual([]);
  });

  test('are not there, not even as a default (SUP-01)', () => {
    // A key in base64 or hexadecimal, a PEM block, a connection string with a password.
    expect(
      linesWith(/['"`](?=[^'"`]*\d)[\w+/-]{32,}={0,2}['"`]|-----BEGIN|:\/\/[^\s/'"`]+:[^\s/'"`]+@/)
        // The name of a migration, the digits of base32, ids that are nobody's, and the public id of a tenant.
        .filter(
          (line) =>
            !/'(?:\d{4}_[a-z0-9_]+_concurrently|[A-Z]{26}234567|[0-]{35}[01]|9188040d-[\da-f-]{27})'/.test(
              line,
            ),
        ),
    ).toEqual([]);
    expect(linesWith(/(SECRET|SIGNING_KEYS|DATABASE_URL)['"]?\)? *(\?\?|\|\|) *['"`](?!['"`])/)).toEqual([]);
  });
});
