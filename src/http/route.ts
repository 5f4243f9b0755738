import type * as z from 'zod/mini';
import type { AccessTokenClaims } from '../access-tokens/access-token.ts';
import { ConfigError } from '../config/variable-reader.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { loadOnce } from '../load-once.ts';
import type { RateLimitClass } from '../rate-limit/rate-limiter.ts';
import { readJsonBody } from './body.ts';
import type { RequestContext } from './context.ts';
import type { OriginTrust } from './guard.ts';
import { type Admit, type Guard, guards, type PageGuard } from './guards.ts';

/** The methods that a route can have; HEAD is GET. */
export const routeMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The place of a route in the table: all that is known before its handler is loaded. */
interface RouteSpec<G extends ApiGuard> {
  readonly method: (typeof routeMethods)[number];
  readonly path: string;
  readonly guard: G;
  /** The budget that a request counts against; `general` by default. */
  readonly limit?: RateLimitClass;
  /**
   * Whether it is for the account's owner alone, so that every gate is asked: select `refusedBy` in its first statement
   * and call `passGates` with its row.
   */
  readonly isSensitive?: true;
}

type ApiGuard = Exclude<Guard, PageGuard>;

/** Whether a JSON body comes along: `optional` where every member is, so that it may be omitted with its Content-Type. */
type BodySpec<S> = S extends z.core.$ZodType
  ? { readonly body: 'required' | 'optional' }
  : { readonly body?: undefined };

type BodySchema<S> = NonNullable<S> | ((deps: Deps) => NonNullable<S> | Promise<NonNullable<S>>);

/** What answers the requests of a route that its guard has let pass. */
export interface Handler<G extends ApiGuard, S extends z.core.$ZodType | undefined = undefined> {
  /** The schema of the JSON body, or a function that chooses it; without one no body is read. */
  readonly body?: BodySchema<S>;
  readonly answer: (
    c: RequestContext,
    input: RouteInput<G, S extends z.core.$ZodType ? z.output<S> : undefined>,
  ) => Response | Promise<Response>;
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
  /** Loads the schema of its JSON body; null where it takes none. */
  readonly loadBodySchema: ((deps: Deps) => Promise<z.core.$ZodType>) | null;
  readonly handle: (c: RequestContext) => Promise<Response>;
}

const kitRoutes = new WeakSet<Route>();

/** Whether a route was made by one of the functions here or in page.ts, and not by hand: all that are served are. */
export function isMadeByKit(route: Route): boolean {
  return kitRoutes.has(route);
}

/** Notes that this very object is a route of the kit, for the functions that make them. */
export function markAsMadeByKit(route: Route): Route {
  kitRoutes.add(route);
  return route;
}

/**
 * Defines a route that runs in this order: origin and credential, then the body, then the handler.
 * @param handler of the few routes that most requests are for, whose imports are evaluated at the start; for every other
 * a function that loads it, as `defineRoutes` makes it
 */
export function defineRoute<G extends ApiGuard, S extends z.core.$ZodType | undefined = undefined>(
  spec: RouteSpec<G> & BodySpec<S>,
  handler: Handler<G, S> | (() => Promise<Handler<G, S>>),
): Route {
  const { method, path, guard, limit = 'general', isSensitive = false } = spec;
  const isUnsafe = method !== 'GET';
  const admit: Admit = guards[guard].admit;
  const load = () => (typeof handler === 'function' ? handler() : handler);
  const handle = async (c: RequestContext): Promise<Response> => {
    const deps = requireDeps(c);
    const { caller, originTrust } = await admit(c, deps, isUnsafe);
    const { body: schema, answer } = await load();
    const body = schema && (await readBody(c, deps, schema, { isOptional: spec.body === 'optional' }));
    // The compiler cannot follow two conditional types into the guard.
    return answer(c, { deps, body, caller, originTrust } as Parameters<typeof answer>[1]);
  };
  return markAsMadeByKit({
    ...{ method, path, guard, limit, medium: 'api', isSensitive },
    loadBodySchema:
      spec.body === undefined
        ? null
        : // Their type has made sure that a body has a schema.
          async (deps) => chooseSchema((await load()).body as BodySchema<z.core.$ZodType>, deps),
    handle,
  });
}

/** The facts of the routes that a module of handlers answers: `login` are those of its `loginHandler`. */
type SpecsFor<M> = {
  readonly [Name in keyof M as Name extends `${infer Short}Handler` ? Short : never]: SpecFor<M[Name]>;
};

type SpecFor<H> = H extends Handler<infer G, infer S> ? RouteSpec<G> & BodySpec<S> : never;

/** Defines the routes of a module of handlers, which is loaded with the first request for one of them. */
export function defineRoutes<M extends object>(load: () => Promise<M>, specs: SpecsFor<M>): Route[] {
  // Their type has made sure that each belongs to its handler.
  const named = Object.entries(specs) as [string, RouteSpec<ApiGuard> & BodySpec<undefined>][];
  return named.map(([name, spec]) =>
    defineRoute(spec, async () => (await load())[`${name}Handler` as keyof M] as Handler<ApiGuard>),
  );
}

async function readBody<S extends z.core.$ZodType>(
  { req }: RequestContext,
  deps: Deps,
  schema: BodySchema<S>,
  options: { readonly isOptional: boolean },
): Promise<z.output<S>> {
  const value = await readJsonBody(req.raw, options);
  const { validate } = await loadValidation();
  return validate(await chooseSchema(schema, deps), value);
}

function chooseSchema<S extends z.core.$ZodType>(schema: BodySchema<S>, deps: Deps): S | Promise<S> {
  return typeof schema === 'function' ? schema(deps) : schema;
}

const loadValidation = loadOnce(() => import('./validate.ts'));

/** Defines a route that answers even without a valid configuration, and without a limit. */
export function defineOpenRoute(path: string, handler: (c: RequestContext) => Response): Route {
  return markAsMadeByKit({
    method: 'GET',
    path,
    guard: 'anyone',
    limit: null,
    medium: 'api',
    isSensitive: false,
    loadBodySchema: null,
    handle: async (c) => handler(c),
  });
}

/**
 * Returns the dependencies of this request.
 * @throws AuthError misconfigured
 */
export function requireDeps(c: RequestContext): Deps {
  const deps = c.get('deps');
  if (deps !== undefined) return deps;
  const runtime = c.get('runtime');
  const variables = runtime instanceof ConfigError ? runtime.variables : [];
  throw commonErrors.misconfigured({ internal: { variables } });
}
