import { HonoBase as Hono } from 'hono/hono-base';
import { type AppOptions, RequestDeps } from './create-deps.ts';
import { hotRoutes as ofAccount } from './features/account/index.ts';
import { hotRoutes as ofHealth } from './features/health/index.ts';
import { hotRoutes as ofSessions } from './features/sessions/index.ts';
import { hotRoutes as ofSigningKeys } from './features/signing-keys/index.ts';
import { answerRequest, answerThrown, placeOf, type Service } from './http/answer-request.ts';
import type { AppEnv, RequestContext } from './http/context.ts';
import { isPreflight } from './http/cors.ts';
import type { Route } from './http/route.ts';
import { TableRouter } from './http/table-router.ts';
import { once } from './once.ts';
import { knownRuntime, loadRuntime, type Runtime } from './runtime.ts';
import { ConfigError } from './variable-reader.ts';

/** What most requests are for. Nothing but what these need is evaluated when the Worker starts. */
export const hotRoutes: readonly Route[] = [...ofAccount, ...ofSessions, ...ofHealth, ...ofSigningKeys];

/**
 * The service as the Worker serves it: the hot routes at once, and the whole app, which has them too, for every other
 * request. The app is evaluated when the first of these arrives. A deployment that is misconfigured, or has a demo user,
 * is the app alone.
 */
export function createService(options: AppOptions = {}): Pick<Hono<AppEnv>, 'fetch'> {
  const loadApp = once(async () => (await import('./app.ts')).createApp(options));
  const answerByApp = async (c: RequestContext) => (await loadApp()).fetch(c.req.raw, c.env, c.executionCtx);
  const loadFeatures = async () => (await loadApp()).features;
  const service: Service = {
    createDeps: (runtime, request, requestId) =>
      new RequestDeps(runtime, request, requestId, loadFeatures, options),
  };
  const hot = new Hono<AppEnv>({ router: new TableRouter() });
  for (const [path, ofPath] of Map.groupBy(hotRoutes, (route) => route.path)) {
    const place = placeOf(ofPath);
    hot.all(path, async (c) => {
      // What cannot be read fails in the app again, which says so.
      const runtime = knownRuntime(c.env) ?? (await loadRuntime(c.env).catch(() => undefined));
      const isHot = place.routes.has(c.req.method === 'HEAD' ? 'GET' : c.req.method);
      return (isHot || isPreflight(c.req.raw)) && isPlain(runtime)
        ? answerRequest(c, place, service)
        : answerByApp(c);
    });
  }
  hot.notFound(answerByApp);
  hot.onError((error, c) => answerThrown(c, error));
  return hot;
}

function isPlain(runtime: Runtime | ConfigError | undefined): boolean {
  return runtime !== undefined && !(runtime instanceof ConfigError) && !runtime.config.isDemoEnabled;
}
