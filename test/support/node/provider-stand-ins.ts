import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AppleAccount } from '../apple-account.ts';
import { readBody } from './read-body.ts';
import { json, type StandIn } from './stand-ins/answer.ts';
import { appleStandIn } from './stand-ins/apple.ts';
import { gitHubStandIn } from './stand-ins/github.ts';
import { googleStandIn } from './stand-ins/google.ts';
import { IdTokens } from './stand-ins/id-tokens.ts';
import { microsoftStandIn } from './stand-ins/microsoft.ts';
import { oidcStandIn } from './stand-ins/oidc.ts';
import { Records } from './stand-ins/records.ts';

export interface ProviderStandIns {
  readonly url: string;
  readonly appleAccount: AppleAccount;
  /** With which all of them sign their ID tokens. */
  readonly signingKey: JsonWebKey;
  close(): Promise<void>;
}

/**
 * Starts stand-ins for GitHub, Apple, Google and Microsoft at `/<host><path>`, to which vitest.config.ts leads what
 * workerd asks those hosts, and for OpenID Connect issuers at `/oidc/<variant>`. They keep no accounts: an authorization
 * code says all of what it stands for, see test/support/stand-in-code.ts. What they have seen:
 * - `GET /hits?path=` gives `{ count }`;
 * - `GET /token-requests?code=` gives what was sent with the code;
 * - `GET /revocations` gives the tokens that were revoked at Apple.
 * @param port 0 takes any that is free
 */
export async function startProviderStandIns(port: number): Promise<ProviderStandIns> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  // Closing an idle connection just when the caller sends on it again would look like a provider that is down.
  server.keepAliveTimeout = 0;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const records = new Records();
  const idTokens = new IdTokens();
  const apple = appleStandIn(idTokens, records);
  const standIns: readonly StandIn[] = [
    control(records),
    gitHubStandIn(records),
    apple.standIn,
    googleStandIn(idTokens, records),
    microsoftStandIn(idTokens, records),
    oidcStandIn(url, idTokens, records),
  ];

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers, url: target = '' } = incoming;
    const path = target.split('?')[0] ?? '';
    records.hit(path);
    const body = await readBody(incoming);
    for (const standIn of standIns) {
      const given = await standIn({ method, path, query: target.slice(path.length), headers, body });
      if (given === 'hang') return;
      if (given === undefined) continue;
      response.writeHead(given.status, given.headers).end(given.body);
      return;
    }
    response.writeHead(404).end(`no stand-in has ${method} ${path}`);
  }

  return {
    url,
    appleAccount: apple.account,
    signingKey: idTokens.signingKey,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function control(records: Records): StandIn {
  return async ({ method, path, query }) => {
    const parameters = new URLSearchParams(query);
    switch (`${method} ${path}`) {
      case 'GET /hits':
        return json({ count: records.hitsOf(parameters.get('path') ?? '') });
      case 'GET /token-requests':
        return json(records.tokenRequestsOf(parameters.get('code') ?? ''));
      case 'GET /revocations':
        return json(records.revokedTokens);
      default:
        return undefined;
    }
  };
}
