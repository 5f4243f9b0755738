import { ConfigError } from '../config/variable-reader.ts';
import type { RequestDeps } from '../create-deps.ts';
import { commonErrors, defineErrors } from '../errors.ts';
import type { VisitorReader } from '../joints/visitor-reader.ts';
import type { Budget } from '../rate-limit/budget-fields.ts';
import { knownRuntime, loadRuntime, type Runtime } from '../runtime.ts';
import { isForPage } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { answerPreflight, isPreflight, setCorsHeaders } from './cors.ts';
import { answerFailure } from './problem.ts';
import type { Route } from './route.ts';
import { setBudget, takeFromBudget } from './route-limit.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { sendQueuedMails } from './send-queued-mails.ts';
import { isServed, isServedBySome } from './served.ts';
import { serverTiming } from './server-timing.ts';

/** The routes of one path. */
export interface PathRoutes {
  /** HEAD is GET. */
  readonly byMethod: ReadonlyMap<string, Route>;
  /** What the methods are, as `Allow` says it. */
  readonly allow: string;
  /** The one that decides whether this deployment has the path, and whether failures behind it are told by pages. */
  readonly decisive: Route | undefined;
}

/** What the app gives to the answers of all routes. */
export interface AppParts {
  readonly createDeps: (runtime: Runtime, request: Request, requestId: string) => RequestDeps;
  readonly visitorReaders: readonly (() => Promise<VisitorReader>)[];
  /** Answers in place of a route; null where the route answers. */
  readonly answerBefore?: (route: Route, c: RequestContext, deps: RequestDeps) => Promise<Response | null>;
}

/** The longest URL that is accepted, in characters. */
const urlLengthMax = 8192;

const errors = defineErrors({ uri_too_long: { status: 414, title: 'The URL is too long.' } });

/** Gathers the routes of one path. */
export function pathRoutesOf(routes: readonly Route[]): PathRoutes {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return {
    byMethod: new Map(routes.map((route) => [route.method, route])),
    allow: methods.join(', '),
    decisive: routes.find(isServedBySome),
  };
}

/**
 * The way of every request: its id, the runtime and its dependencies, then its route, and last all headers of the answer,
 * whatever has become of it.
 * @param routes undefined for an unknown path
 */
export async function answerRequest(
  c: RequestContext,
  routes: PathRoutes | undefined,
  parts: AppParts,
): Promise<Response> {
  identify(c);
  let budget: Budget | undefined;
  const noteBudget = (taken: Budget) => {
    budget = taken;
  };
  try {
    const response = await handle(c, routes, parts, noteBudget);
    complete(c, response.headers, budget);
    return response;
  } catch (thrown) {
    return answerThrown(c, thrown, budget);
  }
}

/** Answers what nobody has caught, with all headers of an answer. Mount it as `onError` too: what is thrown before a route. */
export async function answerThrown(c: RequestContext, thrown: unknown, budget?: Budget): Promise<Response> {
  if (c.get('requestId') === undefined) identify(c);
  // Any other value could be a text or a response that the log has to see nothing of.
  const error = thrown instanceof Error ? thrown : new TypeError('a value was thrown that is not an error');
  const response = await answerFailure(error, c);
  complete(c, response.headers, budget);
  return response;
}

/** Never by the client's own header, or anybody could forge entries of the log. */
function identify(c: RequestContext): void {
  c.set('requestId', crypto.randomUUID());
}

async function handle(
  c: RequestContext,
  routes: PathRoutes | undefined,
  parts: AppParts,
  noteBudget: (budget: Budget) => void,
): Promise<Response> {
  const request = c.req.raw;
  const runtime = knownRuntime(c.env) ?? (await loadRuntime(c.env));
  c.set('runtime', runtime);
  const deps =
    runtime instanceof ConfigError ? undefined : parts.createDeps(runtime, request, c.get('requestId'));
  c.set('deps', deps);
  c.set('visitorReaders', parts.visitorReaders);

  if (isPreflight(request)) return answerPreflight();
  if (request.url.length > urlLengthMax) throw errors.uri_too_long();
  const isHidden = deps !== undefined && routes?.decisive && !isServed(routes.decisive.guard, deps.config);
  if (routes === undefined || isHidden) throw commonErrors.not_found();
  if (routes.decisive?.medium === 'page') c.set('isPage', true);
  const route = routes.byMethod.get(request.method === 'HEAD' ? 'GET' : request.method);
  if (route === undefined) throw commonErrors.method_not_allowed({ headers: { Allow: routes.allow } });

  // A misconfigured service has nothing to limit, and its routes say so.
  if (deps === undefined || runtime instanceof ConfigError) return route.handle(c);
  if (route.limit !== null) noteBudget(await takeFromBudget(runtime.limiter, route.limit, c, deps.now()));
  return (await parts.answerBefore?.(route, c, deps)) ?? route.handle(c);
}

/** Sets every header that is not the route's own matter, in one pass, and sends the mails that wait for the answer. */
function complete(c: RequestContext, headers: Headers, budget: Budget | undefined): void {
  const request = c.req.raw;
  const { path } = c.req;
  const deps = c.get('deps');
  if (budget !== undefined) setBudget(headers, path, budget);
  const origin = request.headers.get('Origin');
  const isListed = origin !== null && deps?.config.allowedOrigins.has(origin) === true && !isForPage(c);
  setCorsHeaders(headers, request, isListed ? origin : null);
  headers.set('Server-Timing', serverTiming(deps));
  setSecurityHeaders(headers, path);
  headers.set('X-Request-Id', c.get('requestId'));
  const runtime = c.get('runtime');
  if (deps?.isMailDue && runtime !== undefined && !(runtime instanceof ConfigError))
    sendQueuedMails(c, runtime, deps.metadata.operationId);
}
