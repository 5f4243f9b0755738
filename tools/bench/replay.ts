import { type LocalServer, startLocalServer } from './local-server.ts';

/** A database endpoint that repeats the answers of a real one. */
export interface Replay extends LocalServer {
  /** The statements of the last request. */
  readonly lastStatements: () => readonly SentStatement[];
}

/** A statement as the driver sends it: each parameter is a text, or null. */
export interface SentStatement {
  readonly query: string;
  readonly params: readonly (string | null)[];
}

/**
 * Starts a proxy for a database endpoint: it runs the text of a statement there once, and then repeats the answer,
 * whatever the parameters. So every answer has the shape and size of the real one and always costs the same, and a
 * token that can be consumed once can be presented a thousand times.
 */
export async function startReplay(endpoint: string): Promise<Replay> {
  const answers = new Map<string, { readonly status: number; readonly text: string }>();
  let last: readonly SentStatement[] = [];
  const server = await startLocalServer(async (body, response, { headers }) => {
    const sent = JSON.parse(body) as SentStatement | { readonly queries: readonly SentStatement[] };
    last = 'queries' in sent ? sent.queries : [sent];
    const key = JSON.stringify(last.map(({ query }) => query));
    const answer = answers.get(key) ?? (await ask(endpoint, headers, body));
    if (answer.status === 200) answers.set(key, answer);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.text);
  });
  return { ...server, lastStatements: () => last };
}

async function ask(endpoint: string, sentHeaders: NodeJS.Dict<string | string[]>, body: string) {
  const neonHeaders = Object.entries(sentHeaders).filter(([name]) => name.startsWith('neon-'));
  const headers = Object.fromEntries(neonHeaders) as Record<string, string>;
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}
