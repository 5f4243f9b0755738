import { HonoBase as Hono } from 'hono/hono-base';
import { type AppOptions, RequestDeps } from './create-deps.ts';
import type { Deps, Registered } from './deps.ts';
import { type Feature, type FoldedFeatures, foldFeatures } from './feature.ts';
import * as account from './features/account/index.ts';
import * as accountRecovery from './features/account-recovery/index.ts';
import * as addresses from './features/addresses/index.ts';
import * as admin from './features/admin/index.ts';
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
import { answerRequest, answerThrown, placeOf, type Service } from './http/answer-request.ts';
import type { AppEnv } from './http/context.ts';
import type { Route } from './http/route.ts';
import { TableRouter } from './http/table-router.ts';
import { mailOutbox } from './mail/outbox.ts';
import { attemptCounters } from './rate-limit/attempts-table.ts';
import type { Runtime } from './runtime.ts';
import { createScheduled } from './scheduled.ts';

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

/** Everything that they say. */
const folded: FoldedFeatures = foldFeatures(features);

export const runScheduled = createScheduled(folded);

/** What an app is made of. */
interface AppParts {
  readonly serves: readonly Route[];
  readonly features: Registered;
}

/** The whole service as a Hono app. */
export function createApp(options: AppOptions = {}): Hono<AppEnv> & AppParts {
  const registered =
    options.features === undefined ? folded : foldFeatures([...features, ...options.features]);
  const { routes } = registered;
  const service: Service = {
    createDeps: (runtime, request, requestId) =>
      new FullDeps(runtime, request, requestId, registered, options),
    // The demo comes first, so that it can answer for its user.
    async answerBefore(route, c, deps) {
      if (!deps.config.isDemoEnabled) return null;
      const { answerDemo } = await import('./features/demo/index.ts');
      return answerDemo(route, c);
    },
  };
  const app = new Hono<AppEnv>({ router: new TableRouter() });
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const place = placeOf(ofPath);
    app.all(path, (c) => answerRequest(c, place, service));
  }
  app.notFound((c) => answerRequest(c, undefined, service));
  app.onError((error, c) => answerThrown(c, error));
  return Object.assign(app, { serves: routes, features: registered });
}

/** The dependencies of a request beside which every feature has been evaluated. */
class FullDeps extends RequestDeps implements Deps {
  readonly features: Registered;

  constructor(
    runtime: Runtime,
    request: Request,
    requestId: string,
    features: Registered,
    options: AppOptions,
  ) {
    super(runtime, request, requestId, async () => features, options);
    this.features = features;
  }
}
