import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type { RequestContext } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';
import { logInPath } from './answer-log-in.ts';
import { renderErrorPage } from './log-in-page.ts';
import type { People } from './people.ts';

/** A service that may send people to the issuer. */
export interface LocalClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
}

const scopes = ['openid', 'email', 'profile'];
const hour = 3600;

/** Returns the configuration of oidc-provider, with keys made for this start; it warns of everything left to it. */
export async function providerConfiguration(options: {
  readonly port: number;
  readonly clients: readonly LocalClient[];
  readonly people: People;
}): Promise<object> {
  return {
    adapter: createMemoryAdapter(0),
    clients: options.clients.map(({ clientId, clientSecret, redirectUris }) => ({
      ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: redirectUris },
      ...{ response_types: ['code'], grant_types: ['authorization_code'] },
    })),
    jwks: { keys: [await generateKey()] },
    // Browsers keep cookies by host and not by port, and there may be several issuers on this one.
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: {
        session: `session_${options.port}`,
        interaction: `interaction_${options.port}`,
        resume: `resume_${options.port}`,
      },
    },
    scopes,
    responseTypes: ['code'],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // Google, Apple and Microsoft put the address into the ID token too, although a code flow's belongs at userinfo.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `${logInPath}${uid}` },
    findAccount: (_: unknown, subject: string) => findAccount(options.people, subject),
    loadExistingGrant: grantEverything,
    clientBasedCORS: () => false,
    renderError: (context: RequestContext, { error, error_description }: Record<string, string>) => {
      context.type = 'html';
      context.body = renderErrorPage(error_description ?? error ?? 'The request was refused.');
    },
    ttl: {
      ...{ AuthorizationCode: 60, AccessToken: hour, IdToken: hour },
      ...{ Interaction: hour, Session: 8 * hour, Grant: 8 * hour },
    },
  };
}

function findAccount(people: People, subject: string): object | undefined {
  const person = people.find(subject);
  if (person === undefined) return undefined;
  const { email, isEmailVerified, name } = person;
  const claims = { sub: subject, email, email_verified: isEmailVerified, name };
  return { accountId: subject, claims: () => claims };
}

/** Nobody is asked for consent: to have signed in is enough. */
async function grantEverything({ oidc }: RequestContext): Promise<object> {
  const { clientId } = oidc.client;
  const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(scopes.join(' '));
  await grant.save();
  return grant;
}

async function generateKey(): Promise<object> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: randomBytes(8).toString('hex') };
}
