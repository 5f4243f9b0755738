import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Backend } from './backend.ts';
import { type Answer, handleRequest } from './handle-request.ts';

/** The limit of Neon's proxy. */
const bodyBytesMax = 10 * 1024 * 1024;

/** How long closing waits: a statement that waits for a lock may never end. */
const closeMsMax = 5000;

export interface NeonLocal {
  /** The URL for `neonConfig.fetchEndpoint`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, waits at most five seconds for running statements, and closes the back end. */
  close(): Promise<void>;
}

/** Serves Neon's SQL-over-HTTP protocol on the loopback interface; port 0 selects a free one. */
export async function startNeonLocal(options: {
  readonly backend: Backend;
  readonly port?: number;
}): Promise<NeonLocal> {
  const { backend, port = 0 } = options;
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const work = serve(backend, request, response).finally(() => running.delete(work));
    running.add(work);
  });
  // If an idle connection is closed just when the caller uses it again, it looks like a lost database.
  server.keepAliveTimeout = 0;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actualPort}/sql`,
    port: actualPort,
    close: async () => {
      server.close();
      server.closeIdleConnections();
      await Promise.race([Promise.allSettled(running), setTimeout(closeMsMax, undefined, { ref: false })]);
      server.closeAllConnections();
      await backend.close();
    },
  };
}

async function serve(backend: Backend, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await answerTo(backend, request);
  // As with the real proxy, the statement runs to its end even if the caller has disconnected.
  if (answer === undefined || response.destroyed) return;
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    ...answer.headers,
  });
  response.end(JSON.stringify(answer.body));
}

/** Undefined when the caller disconnected before the request was complete. */
async function answerTo(backend: Backend, request: IncomingMessage): Promise<Answer | undefined> {
  if (request.method !== 'POST' || request.url !== '/sql') {
    return { status: 404, body: { message: 'only POST /sql is served' } };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= bodyBytesMax) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  if (size > bodyBytesMax) {
    return { status: 413, body: { message: 'the request body is larger than 10 MiB' } };
  }
  return handleRequest(backend, request.headers, Buffer.concat(chunks).toString('utf8'));
}
