import { sql } from '../../src/db/sql.ts';
import { recordEvents } from '../../src/features/security-events/index.ts';
import { begunNow } from '../../src/features/sessions/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import { freshEmail } from '../support/accounts.ts';
import type { TestClient } from '../support/client.ts';
import { runtimeOf, storeUsers } from '../support/inserted-user.ts';
import { newLinks } from '../support/links.ts';
import { type Made, newCaller } from './new-caller.ts';
import {
  type Account,
  type Caller,
  type CallerKind,
  callerKinds,
  dropPassword,
  exampleCall,
} from './route-table.ts';
import { newSocialAccount } from './social-account.ts';
import { newTwoFactorAccount } from './two-factor-account.ts';

/** One that is not stored, by which is found what is read of an account. */
let sample: Account | undefined;

/**
 * Somebody as `registerAccount` leaves them where no address is verified: the same rows by the service's own fragments,
 * but in one batch, so that every request of a test can have an account. insert-account.test.ts compares the two.
 * @param use what is done with the account, called once on a sample: of its other callers only those are stored that it
 *   reads, and all where it is left out
 */
export async function insertAccount(
  client: TestClient,
  use?: (account: Account) => unknown,
): Promise<Account> {
  const runtime = await runtimeOf(client);
  if (use !== undefined) sample ??= (await newAccount(runtime, callerKinds)).account;
  const read = use === undefined || sample === undefined ? callerKinds : kindsReadBy(use, sample);
  const { account, statements } = await newAccount(runtime, read);
  const accounts = [account, ...read.map((kind) => account[kind])];
  const userIds = accounts.map(({ userId }) => userId);
  await storeUsers(client, statements, userIds);
  return account;
}

/** The same for the example of a route, by bearer or by cookie, and for nothing that needs other callers. */
export function insertAccountFor(client: TestClient, key: string): Promise<Account> {
  return insertAccount(client, (account) => [exampleCall(key, account), exampleCall(key, account, 'cookie')]);
}

function kindsReadBy(use: (account: Account) => unknown, account: Account): CallerKind[] {
  const read = new Set<unknown>();
  use(
    new Proxy(account, {
      get(target, name, receiver) {
        read.add(name);
        return Reflect.get(target, name, receiver);
      },
    }),
  );
  return callerKinds.filter((kind) => read.has(kind));
}

/** Such an account with these of its other callers. Whoever reads another of them is told. */
async function newAccount(runtime: Runtime, read: readonly CallerKind[]): Promise<Made<Account>> {
  const { account: caller, eventId, statements } = await newRegistered(runtime);
  const { email, userId: id } = caller;
  const otherUserId = crypto.randomUUID();
  const { links, statement: storeLinks } = newLinks(runtime.keyring, { id, email });
  const make = {
    twoFactor: () => newTwoFactorAccount(runtime),
    social: () => newSocialAccount(runtime),
    passwordless: () => newPasswordless(runtime),
  };
  const others: Partial<Record<CallerKind, Made<Caller>>> = {};
  for (const kind of read) others[kind] = await make[kind]();
  const account = { ...caller, otherUserId, eventId, links };
  for (const kind of callerKinds)
    Object.defineProperty(account, kind, {
      enumerable: kind in others,
      get() {
        if (others[kind] === undefined)
          throw new Error(`${kind} is not stored, since nothing was to read it`);
        return others[kind].account;
      },
    });
  return {
    account: account as Account,
    statements: [
      ...statements,
      sql`
        INSERT INTO users (id, email, name, two_factor_since)
        VALUES (${otherUserId}::uuid, ${freshEmail()}, 'Somebody Else', now())`,
      storeLinks,
      ...Object.values(others).flatMap((other) => other.statements),
    ],
  };
}

/** Somebody who has just registered. */
async function newRegistered(runtime: Runtime): Promise<Made<Caller> & { readonly eventId: string }> {
  const { account, session, statements } = await newCaller(runtime, {});
  const { ipAddress, userAgent, location } = session;
  const metadata = {
    ...{ ipAddress, userAgent, location, locale: null },
    ...{ requestId: crypto.randomUUID(), operationId: crypto.randomUUID() },
  };
  const registered = { type: 'user_created', outcome: 'success', method: 'password' } as const;
  // Once per request: then its id is that of the operation.
  const event = { ...registered, isOncePerRequest: true } as const;
  const record = recordEvents(begunNow(session), event, metadata);
  return { account, eventId: metadata.operationId, statements: [...statements, record] };
}

/** Somebody who has registered and lost the password. */
async function newPasswordless(runtime: Runtime): Promise<Made<Caller>> {
  const { account, statements } = await newRegistered(runtime);
  return { account, statements: [...statements, dropPassword(account.userId)] };
}
