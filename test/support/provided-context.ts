import 'vitest';
import type { AppleAccount } from './apple-account.ts';
import type { TestIssuer } from './test-issuer.ts';

declare module 'vitest' {
  /** What test/support/node/global-setup.ts hands to the tests: `inject('controlUrl')`. */
  interface ProvidedContext {
    /** Neon's SQL-over-HTTP address of every test database, for DATABASE_HTTP_ENDPOINT. */
    databaseEndpoint: string;
    /** Base address of the control server: see test/support/node/control-server.ts. */
    controlUrl: string;
    databaseKind: 'pglite' | 'postgres';
    /** A superuser's log-in to the PostgreSQL server; null for PGlite. */
    serverUrl: string | null;
    localIssuer: TestIssuer;
    /** Base address of the stand-ins for providers: see test/support/node/provider-stand-ins.ts. */
    standInsUrl: string;
    /** What the stand-in for Apple has given to its developer. */
    appleAccount: AppleAccount;
    /** With which the stand-ins sign their ID tokens: a private JWK. */
    standInKey: JsonWebKey;
    /** Whether `npm run test:full` runs: every product of routes and cases, and long races. */
    isFull: boolean;
    /** Whether `npm run sql` asks for what the tests compile. */
    isRecording: boolean;
    /** Whether what is slow by its nature is run: see test/support/slow.ts. */
    hasSlow: boolean;
  }
}
