import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AppleAccount } from '../apple-account.ts';
import type { TestIssuer } from '../test-issuer.ts';

/** What a test run works against, all of it on the loopback interface. */
export interface TestServices {
  /** Neon's SQL-over-HTTP address of every test database. */
  readonly databaseEndpoint: string;
  readonly databaseKind: 'pglite' | 'postgres';
  readonly controlUrl: string;
  readonly localIssuer: TestIssuer;
  readonly standInsUrl: string;
  readonly appleAccount: AppleAccount;
  readonly standInKey: JsonWebKey;
  /** A superuser's log-in to the PostgreSQL server; null for PGlite. */
  readonly serverUrl: string | null;
  /** Why there is no PostgreSQL server although one was wanted. */
  readonly engineFailure: string | null;
}

/**
 * Starts the database, its proxies, the control server and the identity providers in a process of their own.
 * @throws Error with what that process could not do
 */
export async function startTestServices(): Promise<{ services: TestServices; stop: () => Promise<void> }> {
  const program = fileURLToPath(new URL('serve-tests.ts', import.meta.url));
  // In a group of its own: Ctrl-C reaches this process alone, and the services end when it has gone.
  const child = fork(program, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const [first] = (await Promise.race([once(child, 'message'), exited])) as [
    TestServices | { failure: string } | number | null,
  ];
  if (typeof first !== 'object' || first === null) throw new Error('the services of the tests did not start');
  if ('failure' in first) throw new Error(first.failure);
  return {
    services: first,
    stop: async () => {
      child.disconnect();
      await exited;
    },
  };
}
