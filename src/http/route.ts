import type * as z from 'zod/mini';
import type { AccessTokenClaims } from '../crypto/jwt.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import type { RateLimitClass } from '../rate-limit/rate-limiter.ts';
import { ConfigError } from '../variable-reader.ts';
import { readJsonBody } from './body.ts';
import type { RequestContext } from './context.ts';
import { authenticate, type OriginTrust, refuseForeignOrigin } from './guard.ts';
import { admitOperator, isOperatorGuard, type OperatorGuard } from './operator-guard.ts';
import { validate } from './validate.ts';

/**
 * Who may call a route. It decides what is checked before the body is read:
 * - `anyone`: needs no credential; an unsafe request from a foreign origin is refused.
 * - `session`: needs an access token; a cookie counts only from our own or a listed origin.
 * - `token-holder`: presents a refresh token in the body or a cookie; a foreign origin is refused at once.
 * - `identity-provider`: comes back from one, by whatever page: the state alone decides.
 * - the kinds of `PageGuard`: a hosted page, for everybody or for somebody who is signed in by cookie; its forms come from
 *   our own origin alone.
 * - the kinds of `OperatorGuard`: for operators of the service.
 */
export type Guard = 'anyone' | 'session' | 'token-holder' | 'identity-provider' | PageGuard | OperatorGuard;

export type PageGuard = 'visitor' | 'account-holder';

interface RouteSpec<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly guard: G;
  /** The budget that a request counts against; `general` by default. */
  readonly limit?: RateLimitClass;
  /** The schema of the JSON body, or a function that chooses it by the configuration; without one no body is read. */
  readonly body?: S | ((deps: Deps) => S);
  /**
   * Whether it is for the account's owner alone, so that every gate is asked: select `refusedBy` in its first statement
   * and call `passGates` with its row.
   */
  readonly isSensitive?: true;
  /** Whether every member is optional, so that the body may be omitted with its Content-Type. */
  readonly isBodyOptional?: boolean;
}

/** The input of a handler besides Hono's context. */
export interface RouteInput<G extends Guard, Body> {
  readonly deps: Deps;
  readonly body: Body;
  readonly caller: G extends 'session' ? AccessTokenClaims : undefined;
  /** The verdict about the origin: cookies count only if it is our own or a listed one. */
  readonly originTrust: OriginTrust;
}

/** One method of one path, ready to be mounted. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly guard: Guard;
  /** The budget that a request counts against; `null` for none. */
  readonly limit: RateLimitClass | null;
  /** Who reads its answers: a client of the API, or a person in a browser. */
  readonly medium: 'api' | 'page';
  /** Whether its caller passes the gates. */
  readonly isSensitive: boolean;
  /** Whether it takes a JSON body. */
  readonly hasBody: boolean;
  readonly handle: (c: RequestContext) => Promise<Response>;
}

const kitRoutes = new WeakSet<Route>();

/** Whether a route was made by one of the functions here or in page-route.ts, and not by hand: all that are served are. */
export function isMadeByKit(route: Route): boolean {
  return kitRoutes.has(route);
}

/** Notes that this very object is a route of the kit, for the functions that make them. */
export function markAsMadeByKit(route: Route): Route {
  kitRoutes.add(route);
  return route;
}

/** The same route with another way to handle its requests, for whoever answers some of them before it. */
export function withHandle(route: Route, handle: Route['handle']): Route {
  return isMadeByKit(route) ? markAsMadeByKit({ ...route, handle }) : { ...route, handle };
}

type Handler<G extends Guard, Body> = (
  c: RequestContext,
  input: RouteInput<G, Body>,
) => Response | Promise<Response>;

/** Defines a route that runs in this order: origin and credential, then the body, then the handler. */
export function defineRoute<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType>(
  spec: RouteSpec<G, S>,
  handler: Handler<G, z.output<S>>,
): Route {
  const handle = async (c: RequestContext): Promise<Response> => {
    const deps = requireDeps(c);
    const isUnsafe = spec.method !== 'GET';
    if (isOperatorGuard(spec.guard)) admitOperator(c, deps, spec.guard);
    const isJudgedByOrigin = spec.guard === 'anyone' || spec.guard === 'token-holder';
    const originTrust = isJudgedByOrigin && isUnsafe ? refuseForeignOrigin(c, deps) : 'absent';
    const caller = spec.guard === 'session' ? await authenticate(c, deps, isUnsafe) : undefined;
    const schema = typeof spec.body === 'function' ? spec.body(deps) : spec.body;
    const isOptional = spec.isBodyOptional ?? false;
    const body = schema && validate(schema, await readJsonBody(c.req.raw, { isOptional }));
    // The compiler cannot follow two conditional types into the branches above.
    return handler(c, { deps, body, caller, originTrust } as RouteInput<G, z.output<S>>);
  };
  const { method, path, guard, limit = 'general' } = spec;
  return markAsMadeByKit({
    method,
    path,
    guard,
    limit,
    medium: 'api',
    isSensitive: spec.isSensitive ?? false,
    hasBody: spec.body !== undefined,
    handle,
  });
}

/** Defines a route that answers even without a valid configuration, and without a limit. */
export function defineOpenRoute(path: string, handler: (c: RequestContext) => Response): Route {
  return markAsMadeByKit({
    method: 'GET',
    path,
    guard: 'anyone',
    limit: null,
    medium: 'api',
    isSensitive: false,
    hasBody: false,
    handle: async (c) => handler(c),
  });
}

/**
 * Returns the dependencies of this request.
 * @throws AuthError misconfigured
 */
export function requireDeps(c: RequestContext): Deps {
  const { deps, runtime } = c.var;
  if (deps !== undefined) return deps;
  const variables = runtime instanceof ConfigError ? runtime.variables : [];
  throw commonErrors.misconfigured({ internal: { variables } });
}
