import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** One request of a load. */
export interface BenchRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}

/** A complete response. */
export interface BenchResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The time from sending the request to the complete response, in milliseconds. */
  readonly tookMs: number;
}

// The headers that the edge and a browser add to every request, so that reading them is part of the measurement.
const edgeHeaders = {
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'accept-language': 'de-CH,de;q=0.9,en;q=0.8',
};

const requestMsMax = 10_000;

/** A client for one server with persistent connections, at most `connections` at once. */
export class HttpClient {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #connections: number;
  readonly #address: string | undefined;
  #count = 0;

  /** @param address of the client, as the edge tells it; without one every request is from another */
  constructor(url: string, connections: number, address?: string) {
    this.#url = url;
    this.#address = address;
    this.#connections = connections;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends one request and reads the response to its end, whatever its status. */
  send({ method, path, headers, body }: BenchRequest): Promise<BenchResponse> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const contentHeaders =
      content === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) };
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.#url}${path}`,
        {
          method,
          agent: this.#agent,
          timeout: requestMsMax,
          headers: { ...edgeHeaders, 'cf-connecting-ip': this.#nextAddress(), ...contentHeaders, ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const tookMs = performance.now() - startedAt;
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, tookMs });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('the server did not answer in time')));
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  }

  /**
   * Sends the same request `count` times, or as many as a function returns, as many at once as there are connections, and
   * returns the last response.
   * @throws Error at the first response that is not a success: its work would not be the measured work
   */
  async repeat(wanted: BenchRequest | (() => BenchRequest), count: number): Promise<BenchResponse> {
    const next = typeof wanted === 'function' ? wanted : () => wanted;
    let left = count;
    const last: BenchResponse[] = [];
    const work = async () => {
      while (left-- > 0) {
        const request = next();
        const response = await this.send(request);
        if (response.status !== 200)
          throw new Error(`${request.path} answered ${response.status}: ${response.text}`);
        last[0] = response;
      }
    };
    await Promise.all(Array.from({ length: this.#connections }, work));
    return last[0] ?? (await this.send(next()));
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** A new client each time (198.18.0.0/15 is for benchmarks, RFC 2544), so that no limit per address is met. */
  #nextAddress(): string {
    if (this.#address !== undefined) return this.#address;
    this.#count += 1;
    return `198.18.${(this.#count >> 8) & 255}.${this.#count & 255}`;
  }
}
