import {
  type AuthorizationServer,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
} from 'oauth4webapi';
import type { GivenToken } from '../apple-token/kept-token.ts';
import type { ProviderClient } from '../outbound/provider-client.ts';
import { ProviderError } from '../outbound/provider-error.ts';
import type { Provider } from '../providers/provider.ts';

/** Where a code of an app is redeemed. */
interface AtProvider {
  readonly provider: Provider;
  readonly server: AuthorizationServer;
  readonly client: ProviderClient;
  /** The app, as the provider knows it. */
  readonly clientId: string;
  readonly nowMs: number;
}

/**
 * Redeems the code that a native app got beside its ID token, for the refresh token alone: who has signed in, the ID token
 * says. There is no redirect and no PKCE in it.
 * @throws ProviderError
 */
export async function redeemNativeCode(
  { provider, server, client, clientId, nowMs }: AtProvider,
  code: string,
): Promise<GivenToken | null> {
  const us = { client_id: clientId };
  try {
    const authentication = await provider.authentication(server, nowMs, clientId);
    const { options } = client;
    const answer = await genericTokenEndpointRequest(
      server,
      us,
      authentication,
      'authorization_code',
      { code },
      options,
    );
    const { refresh_token: refreshToken } = await processGenericTokenEndpointResponse(server, us, answer);
    return refreshToken === undefined ? null : { refreshToken, clientId };
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError('the code of the app was refused');
  }
}
