import { allowInsecureRequests, customFetch } from 'oauth4webapi';
import { readBoundedBytes } from '../../../request/bounded-bytes.ts';
import { ProviderError } from './provider-error.ts';

/** The longest that one request waits for all answers of a provider, in milliseconds (OAU-15). */
const budgetMs = 8000;
/** The longest wait for one answer of a provider. */
const callMs = 5000;
/** Larger answers are refused: no provider sends as much. */
const bodyBytesMax = 262_144;

const userAgent = 'nexora-auth';

/** Calls to providers, within the time of one request. */
export interface ProviderClient {
  /**
   * Like `fetch`, but with a time limit that includes the body, which is read whole and is bounded; no redirect is
   * followed, and no plain http but to this machine in development (OAU-06).
   * @throws ProviderError
   */
  readonly fetch: (url: string, init?: ProviderRequest) => Promise<Response>;
  /** What the functions of oauth4webapi need to use it. */
  readonly options: {
    readonly [customFetch]: (url: string, init: ProviderRequest) => Promise<Response>;
    readonly [allowInsecureRequests]: boolean;
  };
}

interface ProviderRequest {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: BodyInit | null | undefined;
}

/**
 * Creates the client of one request.
 * @param isDevelopment whether a provider may be on this machine, without TLS
 */
export function createProviderClient(isDevelopment: boolean): ProviderClient {
  const endsAt = Date.now() + budgetMs;
  const fetchBounded = async (url: string, init: ProviderRequest = {}) => {
    refuseInsecure(url, isDevelopment);
    const waitMs = Math.min(callMs, endsAt - Date.now());
    if (waitMs <= 0) throw new ProviderError('the provider has used up its time');
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), waitMs);
    try {
      return await readWhole(await send(url, init, controller.signal));
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError(
        controller.signal.aborted ? 'the provider was too slow' : 'the provider could not be reached',
      );
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    fetch: fetchBounded,
    options: { [customFetch]: fetchBounded, [allowInsecureRequests]: isDevelopment },
  };
}

function send(
  url: string,
  { method = 'GET', headers, body }: ProviderRequest,
  signal: AbortSignal,
): Promise<Response> {
  const sent = new Headers(headers);
  // GitHub refuses requests without one.
  sent.set('User-Agent', userAgent);
  return fetch(url, { method, headers: sent, body: body ?? null, redirect: 'manual', signal });
}

/** Reads the body, so that nothing of the connection is left open and a slow one ends in time. */
async function readWhole(response: Response): Promise<Response> {
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    throw new ProviderError('the provider answered with a redirect');
  }
  const bytes = await readBoundedBytes(response.body, bodyBytesMax);
  if (bytes === null) throw new ProviderError('the answer of the provider is too large');
  return new Response(bytes.length === 0 ? null : bytes, {
    status: response.status,
    headers: response.headers,
  });
}

/** @throws ProviderError for anything but https, and http to this machine in development */
function refuseInsecure(url: string, isDevelopment: boolean): void {
  const parsed = URL.parse(url);
  const isLocal = parsed?.protocol === 'http:' && parsed.hostname === '127.0.0.1' && isDevelopment;
  if (
    parsed === null ||
    !(parsed.protocol === 'https:' || isLocal) ||
    parsed.username !== '' ||
    parsed.password !== ''
  )
    throw new ProviderError('the endpoint of the provider is not secure');
}
