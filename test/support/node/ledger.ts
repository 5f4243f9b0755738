import type { HttpClient } from '../../../tools/bench/http-client.ts';

/** What a sign-in hands out, for a client without cookies. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** One account and everything that the service has promised about it. */
export interface Account {
  readonly email: string;
  /** The one that holds; after a change that was not acknowledged, either of both. */
  passwords: readonly [string] | readonly [string, string];
  /** The tokens that were answered last; null where the session is in doubt or gone. */
  tokens: Tokens | null;
  /** Refresh tokens of sessions whose end was acknowledged. */
  readonly endedTokens: string[];
}

/** An acknowledged change, and the requests that asked for it: the last one may have found it done. */
interface PromisedEvent {
  readonly type: string;
  readonly requestIds: readonly string[];
}

/** An answer that the service gave. */
interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown> & Partial<Tokens>;
  readonly requestIds: readonly string[];
}

interface PostRequest {
  readonly path: string;
  readonly body: object;
  readonly bearer?: string;
}

const insistMsMax = 20_000;
const pauseMs = 100;

/** Keeps what the service has acknowledged, and whatever it answered that no outage and no doubt explains. */
export class Ledger {
  readonly accounts: Account[] = [];
  readonly events: PromisedEvent[] = [];
  /** Answers that nothing explains. */
  readonly surprises: string[] = [];
  acknowledgedCount = 0;
  unavailableCount = 0;
  readonly #client: HttpClient;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** Sends once. Null for a 503: whether it happened is unknown, and `lostIds` gets the request's id. */
  async tryOnce({ path, body, bearer }: PostRequest, lostIds: string[] = []): Promise<Reply | null> {
    const response = await this.#client.send({
      method: 'POST',
      path: `/api/auth${path}`,
      body,
      ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer}` } }),
    });
    const requestId = String(response.headers['x-request-id']);
    const content = JSON.parse(response.text) as Reply['body'];
    if (response.status === 503) {
      if (content.code === 'service_unavailable') this.unavailableCount++;
      lostIds.push(requestId);
      return null;
    }
    return { status: response.status, body: content, requestIds: [...lostIds, requestId] };
  }

  /** Sends the same request until it is answered otherwise than by 503. */
  async insist(wanted: PostRequest, lostIds: string[] = []): Promise<Reply> {
    const endsAt = Date.now() + insistMsMax;
    for (;;) {
      const reply = await this.tryOnce(wanted, lostIds);
      if (reply !== null) return reply;
      if (Date.now() > endsAt) throw new Error(`${wanted.path} is unavailable for good`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Whether the answer is a success, which is then counted; anything else is noted as a surprise. */
  accepts(what: string, { status, body }: Reply): boolean {
    if (status === 200 || status === 201) {
      this.acknowledgedCount++;
      return true;
    }
    this.surprises.push(`${what}: ${status} ${JSON.stringify(body)}`);
    return false;
  }
}

/** @throws Error where an answer that must hold tokens holds none */
export function tokensIn({ body: { accessToken, refreshToken } }: Reply): Tokens {
  if (accessToken === undefined || refreshToken === undefined) throw new Error('an answer without tokens');
  return { accessToken, refreshToken };
}
