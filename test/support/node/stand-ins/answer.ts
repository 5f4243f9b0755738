import type { IncomingHttpHeaders } from 'node:http';

/** A request to a stand-in. */
export interface StandInRequest {
  readonly method: string;
  /** Beginning with the host that it was sent to, such as `/api.github.com/user`. */
  readonly path: string;
  /** With its question mark; empty when there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A stand-in for one provider: undefined for a path that it does not have, `hang` for no answer at all. */
export type StandIn = (request: StandInRequest) => Promise<Answer | 'hang' | undefined>;

export function json(body: unknown, status = 200): Answer {
  const headers = { 'content-type': 'application/json;charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(body) };
}

/** RFC 6749 section 5.2. */
export function oauthError(error: string, description: string): Answer {
  return json({ error, error_description: description }, error === 'invalid_client' ? 401 : 400);
}

/** Returns the entries with the overrides in their place; what an override sets to null is left out. */
export function override(
  entries: Readonly<Record<string, unknown>>,
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const all = { ...entries, ...overrides };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined));
}

/** The credentials of `Authorization: Bearer`. */
export function bearerToken(request: StandInRequest): string | undefined {
  return /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Reads what `encodeStandIn` has encoded; undefined for anything else. */
export function decodeStandIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
