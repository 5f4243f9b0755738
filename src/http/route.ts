import type * as z from 'zod/mini';
import type { AccessTokenClaims } from '../crypto/jwt.ts';
import type { Deps, HotDeps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { once } from '../once.ts';
import type { RateLimitClass } from '../rate-limit/rate-limiter.ts';
import { ConfigError } from '../variable-reader.ts';
import { readJsonBody } from './body.ts';
import type { RequestContext } from './context.ts';
import type { OriginTrust } from './guard.ts';
import { type Admit, type Guard, guards, type PageGuard } from './guards.ts';

/** The methods that a route can have; HEAD is GET. */
export const routeMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

interface RouteSpec<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType, D extends HotDeps> {
  readonly method: (typeof routeMethods)[number];
  readonly path: string;
  readonly guard: G;
  /** The budget that a request counts against; `general` by default. */
  readonly limit?: RateLimitClass;
  /** The schema of the JSON body, or a function that chooses it by the configuration; without one no body is read. */
  readonly body?: S | ((deps: D) => S | Promise<S>);
  /** Knows the usual body without the schema, which is asked about every other: for hot routes. */
  readonly isUsualBody?: (value: unknown) => value is z.output<S>;
  /**
   * Whether it is for the account's owner alone, so that every gate is asked: select `refusedBy` in its first statement
   * and call `passGates` with its row.
   */
  readonly isSensitive?: true;
  /** Whether every member is optional, so that the body may be omitted with its Content-Type. */
  readonly isBodyOptional?: boolean;
}

/** The input of a handler besides Hono's context. */
export interface RouteInput<G extends Guard, Body, D extends HotDeps = Deps> {
  readonly deps: D;
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

type Handler<G extends Guard, Body, D extends HotDeps> = (
  c: RequestContext,
  input: RouteInput<G, Body, D>,
) => Response | Promise<Response>;

/** Defines a route that runs in this order: origin and credential, then the body, then the handler. */
export function defineRoute<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType>(
  spec: RouteSpec<G, S, Deps>,
  handler: Handler<G, z.output<S>, Deps>,
): Route {
  return routeOf(spec, requireDeps, handler);
}

/**
 * Defines one of the few routes that most requests are for, in the same order. What such a route imports is evaluated at the
 * start, so it asks for what features say by `loadFeatures`, and for its schema by a function.
 */
export function defineHotRoute<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType>(
  spec: RouteSpec<G, S, HotDeps>,
  handler: Handler<G, z.output<S>, HotDeps>,
): Route {
  return routeOf(spec, requireHotDeps, handler);
}

function routeOf<G extends Exclude<Guard, PageGuard>, S extends z.core.$ZodType, D extends HotDeps>(
  spec: RouteSpec<G, S, D>,
  depsOf: (c: RequestContext) => D,
  handler: Handler<G, z.output<S>, D>,
): Route {
  const { method, path, guard, limit = 'general', isBodyOptional = false } = spec;
  const isUnsafe = method !== 'GET';
  const admit: Admit = guards[guard].admit;
  const readBody = async (c: RequestContext, deps: D): Promise<z.output<S> | undefined> => {
    const value = await readJsonBody(c.req.raw, { isOptional: isBodyOptional });
    if (spec.isUsualBody?.(value)) return value;
    const schema = typeof spec.body === 'function' ? await spec.body(deps) : spec.body;
    const { validate } = await loadValidation();
    return schema && validate(schema, value);
  };
  const handle = async (c: RequestContext): Promise<Response> => {
    const deps = depsOf(c);
    const { caller, originTrust } = await admit(c, deps, isUnsafe);
    const body = spec.body === undefined ? undefined : await readBody(c, deps);
    // The compiler cannot follow two conditional types into the guard.
    return handler(c, { deps, body, caller, originTrust } as RouteInput<G, z.output<S>, D>);
  };
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

const loadValidation = once(() => import('./validate.ts'));

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
  const deps = requireHotDeps(c);
  if (hasFeatures(deps)) return deps;
  throw new TypeError('only hot routes are served without the features');
}

function hasFeatures(deps: HotDeps): deps is Deps {
  return 'features' in deps;
}

/**
 * Returns those that a hot route has.
 * @throws AuthError misconfigured
 */
export function requireHotDeps(c: RequestContext): HotDeps {
  const deps = c.get('deps');
  if (deps !== undefined) return deps;
  const runtime = c.get('runtime');
  const variables = runtime instanceof ConfigError ? runtime.variables : [];
  throw commonErrors.misconfigured({ internal: { variables } });
}
