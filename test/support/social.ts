import { expect, inject } from 'vitest';
import { freshClient } from './accounts.ts';
import type { Answer, CallOptions, TestClient } from './client.ts';
import { type CookieJar, type IssuerCallback, signInAtIssuer, type Visitor } from './issuer-browser.ts';
import { type StandInInstructions, standInCode } from './stand-in-code.ts';
import { baseUrl, type Overrides } from './test-env.ts';

/** The providers that the stand-ins and the local issuer serve, each with a client of its own. */
export function providerVariables(openId: readonly object[] = localProviders()): Overrides {
  const apple = inject('appleAccount');
  return {
    GOOGLE_CLIENT_ID: 'google-web, google-ios',
    GOOGLE_CLIENT_SECRET: 'google-secret',
    GITHUB_CLIENT_ID: 'github-client',
    GITHUB_CLIENT_SECRET: 'github-secret',
    MICROSOFT_CLIENT_ID: 'microsoft-client',
    MICROSOFT_CLIENT_SECRET: 'microsoft-secret',
    APPLE_CLIENT_ID: 'com.example.web, com.example.app',
    APPLE_TEAM_ID: apple.teamId,
    APPLE_KEY_ID: apple.keyId,
    APPLE_PRIVATE_KEY: apple.privateKey,
    ...withIssuers(openId),
  };
}

/** None but these issuers. */
export function withIssuers(openId: readonly object[]): Overrides {
  return { OIDC_PROVIDERS: JSON.stringify(openId) };
}

/** The local issuer, trusted by GET and by form_post, and once more without trust. */
export function localProviders(): readonly object[] {
  const { issuer, clients } = inject('localIssuer');
  return [
    { id: 'local', name: 'Local issuer', issuer, trustEmail: true, ...clients.local },
    {
      id: 'local-post',
      name: 'Local issuer by form',
      issuer,
      trustEmail: true,
      responseMode: 'form_post',
      ...clients['local-post'],
    },
    { id: 'second', name: 'Second issuer', issuer, ...clients.second },
  ];
}

/** An issuer that stands in, with whatever its variant does: see test/support/node/stand-ins/oidc.ts. */
export function standInProvider(variant: string, settings: Readonly<Record<string, unknown>> = {}): object {
  const issuer = `${inject('standInsUrl')}/oidc/${variant}`;
  return {
    id: 'acme',
    name: 'Acme',
    issuer,
    clientId: 'acme-client',
    clientSecret: 'acme-secret',
    trustEmail: true,
    ...settings,
  };
}

/** A visit to a provider that has begun. */
export interface BegunVisit {
  readonly provider: string;
  readonly answer: Answer;
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeChallenge: string;
  /** The cookies of the visit, by name. */
  readonly cookies: Readonly<Record<string, string>>;
}

/** Begins a sign-in, as a link of a page does. */
export async function begin(
  client: TestClient,
  provider: string,
  query: Readonly<Record<string, string>> = {},
  options: CallOptions = {},
): Promise<BegunVisit> {
  const text = new URLSearchParams(query).toString();
  const answer = await client.get(`/api/auth/oauth/${provider}${text && `?${text}`}`, options);
  expect(answer.status, answer.text).toBe(302);
  return begunVisit(provider, answer, answer.headers.get('Location') ?? '');
}

/** A visit that an answer begins, to the URL of its body or header. */
export function begunVisit(provider: string, answer: Answer, location: string): BegunVisit {
  const url = new URL(location);
  const parameter = (name: string) => url.searchParams.get(name) ?? '';
  return {
    ...{ provider, answer, url, state: parameter('state'), nonce: parameter('nonce') },
    ...{ codeChallenge: parameter('code_challenge'), cookies: visitCookies(answer) },
  };
}

/** The cookies of visits that an answer sets, by name; cleared ones have no value. */
export function visitCookies({ setCookies }: Answer): Record<string, string> {
  const pairs = setCookies
    .filter((line) => line.startsWith('__Host-nexora_oauth_'))
    .map((line) => line.split(';', 1)[0]!.split('=', 2) as [string, string]);
  return Object.fromEntries(pairs);
}

/** A code that the stand-in of the visit's provider redeems, for somebody it is told of, or whom nobody knows. */
export function codeFor(
  { nonce, codeChallenge }: BegunVisit,
  instructions: Partial<StandInInstructions> = {},
): string {
  return standInCode({ nonce, codeChallenge, sub: `sub-${crypto.randomUUID()}`, ...instructions });
}

/** Comes back from a provider by GET, with the cookies of the visit beside those of the options. */
export function comeBack(
  client: TestClient,
  { provider, state, cookies }: Pick<BegunVisit, 'provider' | 'state' | 'cookies'>,
  parameters: Readonly<Record<string, string>>,
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  const query = new URLSearchParams({ state, ...parameters });
  return client.get(`/api/auth/oauth/${provider}/callback?${query}`, {
    ...options,
    headers: { ...freshClient(), ...options.headers },
    cookies: { ...cookies, ...options.cookies },
  });
}

/** Comes back by the form that the provider's page posts: no cookie of ours comes along but that of the visit. */
export function comeBackByForm(
  client: TestClient,
  { provider, state, cookies }: Pick<BegunVisit, 'provider' | 'state' | 'cookies'>,
  fields: Readonly<Record<string, string>>,
  options: Omit<CallOptions, 'body' | 'form'> = {},
): Promise<Answer> {
  return client.call('POST', `/api/auth/oauth/${provider}/callback`, {
    ...options,
    form: { state, ...fields },
    cookies: { ...cookies, ...options.cookies },
    headers: {
      Origin: 'https://provider.example',
      'Sec-Fetch-Site': 'cross-site',
      ...freshClient(),
      ...options.headers,
    },
  });
}

/** Comes back by that of the two for which the visit asked. From another site a browser sends no cookie that is `Lax`. */
export function comeBackAsAsked(
  client: TestClient,
  visit: BegunVisit,
  parameters: Readonly<Record<string, string>>,
  { cookies, ...options }: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  return visit.url.searchParams.get('response_mode') === 'form_post'
    ? comeBackByForm(client, visit, parameters, options)
    : comeBack(client, visit, parameters, { ...options, ...(cookies && { cookies }) });
}

/** Signs in at a stand-in: begins, and comes back with a code for somebody it is told of. */
export async function signInAtStandIn(
  client: TestClient,
  provider: string,
  instructions: Partial<StandInInstructions> = {},
  {
    query = {},
    options = {},
  }: { readonly query?: Readonly<Record<string, string>>; readonly options?: CallOptions } = {},
): Promise<Answer> {
  const visit = await begin(client, provider, query, options);
  return comeBackAsAsked(client, visit, { code: codeFor(visit, instructions) }, options);
}

/** Signs in at the local issuer, through its log-in page. */
export async function signInAtLocalIssuer(
  client: TestClient,
  provider: string,
  visitor: Visitor,
  {
    query = {},
    options = {},
    jar,
  }: {
    readonly query?: Readonly<Record<string, string>>;
    readonly options?: CallOptions;
    readonly jar?: CookieJar;
  } = {},
): Promise<Answer> {
  const visit = await begin(client, provider, query, options);
  return followBack(client, visit, await signInAtIssuer(visit.url.href, visitor, jar), options);
}

/** Follows the way back that an issuer gives, as the browser of the visit does. */
export function followBack(
  client: TestClient,
  visit: Pick<BegunVisit, 'cookies'>,
  callback: IssuerCallback,
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  const url = new URL(callback.url);
  expect(url.origin).toBe(baseUrl);
  const cookies = { ...visit.cookies, ...options.cookies };
  const headers = { ...freshClient(), ...options.headers };
  if (callback.method === 'GET')
    return client.get(url.pathname + url.search, { ...options, cookies, headers });
  const { issuer } = inject('localIssuer');
  return client.call('POST', url.pathname + url.search, {
    ...options,
    form: callback.form,
    cookies: visit.cookies,
    headers: { Origin: issuer, 'Sec-Fetch-Site': 'cross-site', ...headers },
  });
}

/** Where an answer sends the browser, without the parameter that says why or gives a code; and that. */
export function landing({ status, headers }: Answer): {
  status: number;
  url: string;
  error: string | null;
  code: string | null;
} {
  const url = new URL(headers.get('Location') ?? '', baseUrl);
  const [error, code] = ['error', 'code'].map((name) => url.searchParams.get(name));
  for (const name of ['error', 'code']) url.searchParams.delete(name);
  return { status, url: url.href, error: error ?? null, code: code ?? null };
}
