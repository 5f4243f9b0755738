import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An HTTP server of this process. */
export interface LocalServer extends AsyncDisposable {
  /** Its origin, without a trailing slash. */
  readonly url: string;
}

type Answer = (body: string, response: ServerResponse, request: IncomingMessage) => unknown;

/** Starts a server on a free port of the loopback interface, which answers a request once its body is read. */
export async function startLocalServer(answer: Answer): Promise<LocalServer> {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => answer(body, response, request))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
