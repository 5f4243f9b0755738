import { randomBytes } from 'node:crypto';
import { startLocalIssuer } from '../../../tools/local-issuer/start-local-issuer.ts';
import { issuerClientIds, type TestIssuer } from '../test-issuer.ts';

/** Starts the issuer of a test run, with a client for each of its providers. */
export async function startTestIssuer(): Promise<{ readonly provided: TestIssuer; stop(): Promise<void> }> {
  const clients = issuerClientIds.map((id) => ({
    clientId: `client-${id}`,
    clientSecret: randomBytes(32).toString('base64url'),
    redirectUris: [`https://auth.test/api/auth/oauth/${id}/callback`],
  }));
  const { issuer, stop } = await startLocalIssuer({ port: 0, name: 'Issuer of the tests', clients });
  const byId = Object.fromEntries(
    clients.map(({ clientId, clientSecret }, index) => [issuerClientIds[index], { clientId, clientSecret }]),
  ) as TestIssuer['clients'];
  return { provided: { issuer, clients: byId }, stop };
}
