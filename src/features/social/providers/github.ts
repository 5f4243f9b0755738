import { ClientSecretPost } from 'oauth4webapi';
import * as z from 'zod/mini';
import type { ProviderClient } from '../outbound/provider-client.ts';
import { ProviderError } from '../outbound/provider-error.ts';
import type { ClientCredentials, Provider } from './provider.ts';

const api = 'https://api.github.com';

const server = {
  issuer: 'https://github.com/login/oauth',
  authorization_endpoint: 'https://github.com/login/oauth/authorize',
  token_endpoint: 'https://github.com/login/oauth/access_token',
};

const User = z.object({ id: z.int().check(z.positive()), login: z.string(), name: z.nullish(z.string()) });
const Addresses = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** GitHub: OAuth 2 without ID tokens. Who somebody is, and their verified primary address, its API says. */
export function github({ clientIds: [clientId], clientSecret }: ClientCredentials): Provider {
  return {
    id: 'github',
    name: 'GitHub',
    clientId,
    nativeClientIds: [],
    scope: 'read:user user:email',
    responseMode: 'query',
    isTrusted: true,
    allowsRegistration: true,
    server: async () => server,
    authentication: () => ClientSecretPost(clientSecret),
    profileOf: () => ({ email: null, isEmailVerified: false, name: null, authTime: null }),
    fetchProfile: async ({ access_token: token }, client) => {
      const [user, addresses] = await Promise.all([
        read(client, '/user', token, User),
        read(client, '/user/emails', token, Addresses),
      ]);
      const primary = addresses.find((address) => address.primary);
      return {
        subject: String(user.id),
        email: primary?.email ?? null,
        isEmailVerified: primary?.verified === true,
        name: user.name || user.login,
      };
    },
  };
}

async function read<S extends z.ZodMiniType>(
  client: ProviderClient,
  path: string,
  token: string,
  schema: S,
): Promise<z.output<S>> {
  const response = await client.fetch(api + path, {
    headers: {
      Accept: 'application/vnd.github+json',
      Authorization: `Bearer ${token}`,
      'X-GitHub-Api-Version': '2022-11-28',
    },
  });
  if (response.status !== 200) throw new ProviderError(`GitHub answered ${path} with ${response.status}`);
  const parsed = schema.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw new ProviderError(`GitHub answered ${path} in another form`);
  return parsed.data;
}
