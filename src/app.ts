import { Hono, type MiddlewareHandler } from 'hono';
import { type AppOptions, createDeps } from './create-deps.ts';
import { commonErrors, defineErrors } from './errors.ts';
import { type Feature, type FoldedFeatures, foldFeatures } from './feature.ts';
import * as account from './features/account/index.ts';
import * as accountRecovery from './features/account-recovery/index.ts';
import * as addresses from './features/addresses/index.ts';
import * as admin from './features/admin/index.ts';
import * as demo from './features/demo/index.ts';
import * as devOutbox from './features/dev-outbox/index.ts';
import * as emailChange from './features/email-change/index.ts';
import * as emailCode from './features/email-code/index.ts';
import * as emailVerification from './features/email-verification/index.ts';
import * as health from './features/health/index.ts';
import * as oneTimeTokens from './features/one-time-tokens/index.ts';
import * as password from './features/password/index.ts';
import * as pendingRegistrations from './features/pending-registrations/index.ts';
import * as reauthentication from './features/reauthentication/index.ts';
import * as securityEvents from './features/security-events/index.ts';
import * as sessions from './features/sessions/index.ts';
import * as signingKeys from './features/signing-keys/index.ts';
import * as social from './features/social/index.ts';
import * as trustedDevices from './features/trusted-devices/index.ts';
import * as twoFactor from './features/two-factor/index.ts';
import * as users from './features/users/index.ts';
import type { AppEnv } from './http/context.ts';
import { cors } from './http/cors.ts';
import { limitRoute } from './http/limit-route.ts';
import { answerFailure } from './http/problem.ts';
import type { Route } from './http/route.ts';
import { securityHeaders } from './http/security-headers.ts';
import { sendQueuedMails } from './http/send-queued-mails.ts';
import { hideUnserved, isServedBySome } from './http/served.ts';
import { serverTiming } from './http/server-timing.ts';
import { mailOutbox } from './mail/outbox.ts';
import { attemptCounters } from './rate-limit/attempts-table.ts';
import { loadRuntime } from './runtime.ts';
import { createScheduled } from './scheduled.ts';
import { ConfigError } from './variable-reader.ts';

/** The manifest of every feature, one line each; what owns a table comes before what builds on it. */
export const features: readonly Feature[] = [
  users.feature,
  securityEvents.feature,
  sessions.feature,
  attemptCounters,
  mailOutbox,
  oneTimeTokens.feature,
  trustedDevices.feature,
  pendingRegistrations.feature,
  addresses.feature,
  health.feature,
  signingKeys.feature,
  password.feature,
  emailVerification.feature,
  emailChange.feature,
  accountRecovery.feature,
  reauthentication.feature,
  twoFactor.feature,
  social.feature,
  emailCode.feature,
  account.feature,
  admin.feature,
  devOutbox.feature,
];

const served = serve(features);

export const runScheduled = createScheduled(served);

/** The longest URL that is accepted, in characters. */
const urlLengthMax = 8192;

const errors = defineErrors({ uri_too_long: { status: 414, title: 'The URL is too long.' } });

/** The service as a Hono app. */
export function createApp(options: AppOptions = {}): Hono<AppEnv> & { readonly serves: readonly Route[] } {
  const { now = Date.now } = options;
  const folded = options.features === undefined ? served : serve([...features, ...options.features]);
  const { routes } = folded;
  const app = new Hono<AppEnv>();
  app.use(
    identify,
    securityHeaders,
    serverTiming,
    prepare(folded, options),
    sendQueuedMails,
    cors(allowedOrigins),
    limitUrl,
  );
  // Path by path, so that a wrong method ends there and not at a later path with a parameter in that place.
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const servedBySome = ofPath.find(isServedBySome);
    if (servedBySome !== undefined) app.all(path, hideUnserved(servedBySome));
    for (const { method, limit, handle } of ofPath) {
      if (limit !== null) app.on(method, path, limitRoute(limit, now));
      app.on(method, path, (c) => handle(c).catch(rethrowAsError));
    }
    const methods = ofPath.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(path, () => {
      throw commonErrors.method_not_allowed({ headers: { Allow: methods.join(', ') } });
    });
  }
  app.notFound((c) => answerFailure(commonErrors.not_found(), c));
  app.onError(answerFailure);
  return Object.assign(app, { serves: routes });
}

function serve(all: readonly Feature[]): FoldedFeatures {
  const folded = foldFeatures(all);
  // The demo comes first, so that it can answer for its user.
  return { ...folded, routes: demo.overlay(folded.routes) };
}

const identify: MiddlewareHandler<AppEnv> = async (c, next) => {
  // Never the client's own header, or anybody could forge entries of the log.
  const requestId = crypto.randomUUID();
  c.set('requestId', requestId);
  await next();
  c.res.headers.set('X-Request-Id', requestId);
};

/** After `identify` and the headers, so that a response has both even when this fails. */
function prepare(folded: FoldedFeatures, options: AppOptions): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const runtime = await loadRuntime(c.env);
    c.set('runtime', runtime);
    if (!(runtime instanceof ConfigError))
      c.set('deps', createDeps({ features: folded }, runtime, c.req.raw, c.var.requestId, options));
    await next();
  };
}

function allowedOrigins({ var: { runtime } }: { var: AppEnv['Variables'] }): ReadonlySet<string> {
  return runtime instanceof ConfigError ? new Set() : runtime.config.allowedOrigins;
}

const limitUrl: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.url.length > urlLengthMax) throw errors.uri_too_long();
  await next();
};

/** Hono passes only errors to `onError`; any other thrown value would become the platform's own error page. */
function rethrowAsError(thrown: unknown): never {
  throw thrown instanceof Error ? thrown : new TypeError('a value was thrown that is not an error');
}
