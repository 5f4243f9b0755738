import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { answerLogIn, logInPath } from './answer-log-in.ts';
import { People } from './people.ts';
import { type LocalClient, providerConfiguration } from './provider-configuration.ts';

/** An OpenID Connect issuer on the loopback interface. */
export interface LocalIssuer {
  readonly issuer: string;
  stop(): Promise<void>;
}

/**
 * Starts an OpenID Connect issuer that lets in whoever asks: it has no passwords, and whoever signs in says which
 * address they have and whether it is verified. A subject follows from the address alone, so the same address is the
 * same subject after a restart on the same port. Keys, sessions and people are of this process alone.
 * @param options.port 0 takes any that is free
 */
export async function startLocalIssuer(options: {
  readonly port: number;
  /** What its log-in page is headed with. */
  readonly name: string;
  readonly clients: readonly LocalClient[];
}): Promise<LocalIssuer> {
  const server = createServer();
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const people = new People();
  const provider = new Provider(
    issuer,
    await providerConfiguration({ port, clients: options.clients, people }),
  );
  provider.on('server_error', (_, error) => console.error(error));
  const answerProtocol = provider.callback();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page elsewhere that has its own name resolved to 127.0.0.1 must not read what is answered here.
    if (request.headers.host !== `127.0.0.1:${port}`) {
      response.writeHead(421).end();
      return;
    }
    if (request.url?.startsWith(logInPath)) {
      await answerLogIn({ provider, people, name: options.name }, request, response);
      return;
    }
    await answerProtocol(request, response);
  }
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  return {
    issuer,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
