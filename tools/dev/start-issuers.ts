import { randomBytes } from 'node:crypto';
import { findFreePort } from '../free-port.ts';
import { type LocalIssuer, startLocalIssuer } from '../local-issuer/start-local-issuer.ts';

/** The identity providers of `npm run dev`. */
export interface DevIssuers {
  /** OIDC_PROVIDERS: those of `.dev.vars`, then the local ones. */
  readonly providers: string;
  /** The first local one's URL; undefined when `.dev.vars` leaves no room for any. */
  readonly url: string | undefined;
  stop(): Promise<void>;
}

// An account is known by issuer and subject, so the ports stay the same while they are free.
const locals = [
  { id: 'local', name: 'Local issuer', wantedPort: 8791, trustEmail: true },
  { id: 'local-untrusted', name: 'Second local issuer', wantedPort: 8792, trustEmail: false },
];

/**
 * Starts two local issuers, one whose addresses the Worker trusts and one whose it does not, except those whose id
 * `.dev.vars` uses for another. Their client secrets are made for this start.
 * @param options.configured OIDC_PROVIDERS of `.dev.vars`; what is no JSON array is left for the Worker to refuse
 */
export async function startIssuers(options: {
  readonly baseUrl: string;
  readonly configured: string | undefined;
}): Promise<DevIssuers> {
  const configured = options.configured?.trim() || '[]';
  const others = readProviders(configured);
  if (others === undefined) return { providers: configured, url: undefined, stop: async () => undefined };
  const usedIds = others.map(({ id }) => id);
  const started: { readonly provider: object; readonly local: LocalIssuer }[] = [];
  const stop = async () => {
    await Promise.all(started.map(({ local }) => local.stop()));
  };
  try {
    // One after the other: both look for a free port.
    for (const local of locals.filter(({ id }) => !usedIds.includes(id))) {
      started.push(await start(local, options.baseUrl));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const providers = JSON.stringify([...others, ...started.map(({ provider }) => provider)]);
  // A file of variables can hold any JSON without a single quote.
  return { providers: providers.replaceAll("'", '\\u0027'), url: started[0]?.local.issuer, stop };
}

async function start({ id, name, wantedPort, trustEmail }: (typeof locals)[number], baseUrl: string) {
  const client = { clientId: 'nexora', clientSecret: randomBytes(32).toString('base64url') };
  const redirectUris = [`${baseUrl}/api/auth/oauth/${id}/callback`];
  const local = await startLocalIssuer({
    port: await findFreePort(wantedPort),
    name,
    clients: [{ ...client, redirectUris }],
  });
  return { provider: { id, name, issuer: local.issuer, ...client, trustEmail }, local };
}

function readProviders(text: string): readonly { readonly id?: unknown }[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every(isObject) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
