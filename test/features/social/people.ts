import { expect } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, type CallOptions, TestClient } from '../../support/client.ts';
import {
  type BegunVisit,
  begin,
  begunVisit,
  codeFor,
  comeBackAsAsked,
  landing,
  localProviders,
  providerVariables,
  signInAtLocalIssuer,
  standInProvider,
} from '../../support/social.ts';
import type { StandInInstructions } from '../../support/stand-in-code.ts';
import type { Overrides } from '../../support/test-env.ts';
import { databaseOf } from '../two-factor/calls.ts';

/** What somebody is at a provider. */
export interface Person {
  readonly sub: string;
  readonly email: string;
  /** What the provider says of the address in its own claim; true unless given, undefined leaves it out. */
  readonly verified?: unknown;
  readonly name?: string;
}

/** How somebody comes to a provider: what the start is asked, and what their browser sends. */
export interface ArrivalSettings {
  readonly query?: Readonly<Record<string, string>>;
  readonly options?: CallOptions;
}

/** A client to which every provider is known, two issuers without trust and one that lets nobody new in among them. */
export function socialClient(
  overrides: Overrides = {},
  options: ConstructorParameters<typeof TestClient>[1] = {},
): TestClient {
  const issuers = [
    ...localProviders(),
    standInProvider('good'),
    standInProvider('good-plain', { id: 'plain', name: 'Plain', trustEmail: false }),
    standInProvider('good-invited', { id: 'invited', name: 'Invited', allowSignUp: false }),
  ];
  return new TestClient({ EMAIL_VERIFICATION: 'off', ...providerVariables(issuers), ...overrides }, options);
}

/** A subject that no other test uses; GitHub's are numbers. */
export function freshSubject(): string {
  return String(crypto.getRandomValues(new BigUint64Array(1))[0]! % 1_000_000_000_000_000n);
}

/** What the stand-in of a provider is told to say of a person. */
export function instructionsFor(
  provider: string,
  { sub, email, name, ...said }: Person,
): Partial<StandInInstructions> & { readonly sub: string } {
  const verified = 'verified' in said ? said.verified : true;
  if (provider === 'github') {
    const address = { email, primary: true, verified: verified as boolean, visibility: null };
    return { sub, github: { id: Number(sub), login: `login-${sub}`, name: name ?? null, emails: [address] } };
  }
  const claim = provider === 'microsoft' ? 'xms_edov' : 'email_verified';
  return { sub, claims: { email, [claim]: verified ?? null, ...(name !== undefined && { name }) } };
}

/** Signs in at a provider, whichever it is, from a client of its own. Apple tells the name in a field of its form. */
export async function arrive(
  client: TestClient,
  provider: string,
  person: Person,
  { query = {}, options: given = {} }: ArrivalSettings = {},
): Promise<Answer> {
  const options = { ...given, headers: { ...freshClient(), ...given.headers } };
  const { email, name, verified = true } = person;
  if (localProviders().some((local) => 'id' in local && local.id === provider)) {
    const visitor = { email, emailVerified: verified === true, ...(name !== undefined && { name }) };
    return signInAtLocalIssuer(client, provider, visitor, { query, options });
  }
  const visit = await begin(client, provider, query, options);
  const code = codeFor(visit, instructionsFor(provider, person));
  const [firstName, lastName] = name?.split(' ') ?? [];
  const form = JSON.stringify({ name: { firstName, lastName }, email });
  const user = provider === 'apple' && name !== undefined && { user: form };
  return comeBackAsAsked(client, visit, { code, ...user }, options);
}

/** Somebody who has registered with a password, and their session. */
export async function somebody(client: TestClient) {
  const answer = await registerUser(client);
  const { user, accessToken } = answer.json;
  return {
    ...{ email: answer.email, userId: user.id as string, cookies: authCookies(answer) },
    bearer: accessToken as string,
  };
}

/** Begins to link a provider, with the cookies of a session. */
export async function beginLink(
  client: TestClient,
  provider: string,
  cookies: Readonly<Record<string, string>>,
  body: object = {},
): Promise<BegunVisit> {
  const answer = await client.post(`/api/auth/oauth/${provider}/link`, body, { cookies });
  expect(answer.status, answer.text).toBe(200);
  return begunVisit(provider, answer, answer.json.url);
}

/** Comes back from a provider as somebody, with further cookies or none. */
export function returnAs(
  client: TestClient,
  visit: BegunVisit,
  person: Person,
  cookies: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const code = codeFor(visit, instructionsFor(visit.provider, person));
  return comeBackAsAsked(client, visit, { code }, { cookies });
}

/** Links a provider to the account of a session, and comes back with its cookies. */
export async function linkTo(
  client: TestClient,
  provider: string,
  person: Person,
  cookies: Readonly<Record<string, string>>,
): Promise<Answer> {
  return returnAs(client, await beginLink(client, provider, cookies), person, cookies);
}

/** What GET /me says to the cookies of an answer. */
export async function meOf(client: TestClient, answer: Answer) {
  const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
  expect(me.status, me.text).toBe(200);
  return me.json as {
    readonly user: { readonly id: string; readonly email: string } & Readonly<Record<string, unknown>>;
    readonly session: { readonly id: string; readonly method: string };
  };
}

/** Signs somebody in, and says who they are. */
export async function enterBy(
  client: TestClient,
  provider: string,
  person: Person,
  settings?: ArrivalSettings,
) {
  const answer = await arrive(client, provider, person, settings);
  expect(landing(answer), answer.text).toMatchObject({ status: 303, error: null });
  return { ...(await meOf(client, answer)), cookies: authCookies(answer), answer };
}

/** The identities of a user as they are stored, the oldest first. */
export function identitiesOf(client: TestClient, userId: string) {
  return databaseOf(client).query<{
    provider: string;
    issuer: string;
    subject: string;
    email: string | null;
    is_email_proved: boolean;
  }>(sql`
    SELECT provider, issuer, subject, email, is_email_proved FROM identities
    WHERE user_id = ${userId}::uuid ORDER BY created_at, id`);
}

/** The ids of the providers of a user, in alphabetical order. */
export async function providersOf(client: TestClient, userId: string): Promise<string[]> {
  return (await identitiesOf(client, userId)).map(({ provider }) => provider).toSorted();
}

/** Whose identity a subject is at the issuers of all providers. */
export function holdersOf(client: TestClient, subject: string) {
  return databaseOf(client).query<{ user_id: string }>(
    sql`SELECT user_id FROM identities WHERE subject = ${subject}`,
  );
}
