import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A database endpoint that repeats the answers of a real one. */
export interface Replay {
  /** URL of Neon's SQL-over-HTTP endpoint. */
  readonly url: string;
  /** The statements of the last request. */
  readonly lastStatements: () => readonly SentStatement[];
  close(): Promise<void>;
}

/** A statement as the driver sends it: each parameter is a text, or null. */
export interface SentStatement {
  readonly query: string;
  readonly params: readonly (string | null)[];
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Starts a proxy for a database endpoint: it runs the text of a statement there once, and then repeats the answer,
 * whatever the parameters. So every answer has the shape and size of the real one and always costs the same, and a
 * token that can be consumed once can be presented a thousand times.
 */
export async function startReplay(endpoint: string): Promise<Replay> {
  const answers = new Map<string, Answer>();
  let last: readonly SentStatement[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    last = statementsIn(body);
    const key = JSON.stringify(last.map(({ query }) => query));
    const known = answers.get(key) ?? (await ask(endpoint, request, body));
    if (known.status === 200) answers.set(key, known);
    response.writeHead(known.status, { 'content-type': 'application/json' });
    response.end(known.body);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    lastStatements: () => last,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function ask(endpoint: string, { headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const neonHeaders = Object.entries(headers).filter(([name]) => name.startsWith('neon-'));
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: Object.fromEntries(neonHeaders) as Record<string, string>,
    body: new Uint8Array(body),
  });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

function statementsIn(body: Buffer): readonly SentStatement[] {
  const sent = JSON.parse(body.toString('utf8')) as
    | SentStatement
    | { readonly queries: readonly SentStatement[] };
  return 'queries' in sent ? sent.queries : [sent];
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
