import { HonoBase as Hono } from 'hono/hono-base';
import type { Env } from './config.ts';
import { type DepsOptions, RequestDeps } from './create-deps.ts';
import { type Feature, foldRoutes, loadRulesOf } from './feature.ts';
import * as account from './features/account/index.ts';
import * as addresses from './features/addresses/index.ts';
import * as admin from './features/admin/index.ts';
import * as devOutbox from './features/dev-outbox/index.ts';
import * as emailChange from './features/email-change/index.ts';
import * as emailCode from './features/email-code/index.ts';
import * as emailVerification from './features/email-verification/index.ts';
import * as health from './features/health/index.ts';
import * as notMe from './features/not-me/index.ts';
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
import { type AppParts, answerRequest, answerThrown, pathRoutesOf } from './http/answer-request.ts';
import type { AppEnv, RequestContext } from './http/context.ts';
import type { Route } from './http/route.ts';
import { TableRouter } from './http/table-router.ts';
import { loadOnce } from './load-once.ts';

/**
 * The manifest of every feature, one line each; what owns a table comes before what builds on it.
 *
 * An id in a comment of the service, such as LNK-15 or T26, is a guarantee or a threat of docs/security.md.
 */
export const features: readonly Feature[] = [
  users.feature,
  securityEvents.feature,
  sessions.feature,
  { loadRules: async () => (await import('./rate-limit/attempts-table.ts')).attemptCounters },
  { loadRules: async () => (await import('./mail/outbox.ts')).mailOutbox },
  oneTimeTokens.feature,
  trustedDevices.feature,
  pendingRegistrations.feature,
  addresses.feature,
  health.feature,
  signingKeys.feature,
  password.feature,
  emailVerification.feature,
  emailChange.feature,
  notMe.feature,
  reauthentication.feature,
  twoFactor.feature,
  social.feature,
  emailCode.feature,
  account.feature,
  admin.feature,
  devOutbox.feature,
];

/** What a test may replace or add. The deployed service passes none of it. */
export interface AppOptions extends DepsOptions {
  /** Features besides those of the service, such as a gate that refuses. */
  readonly features?: readonly Feature[];
}

/**
 * The whole service as a Hono app. At the start the table of its routes is evaluated, and what the hot ones need; what
 * answers any other route is loaded with its first request.
 */
export function createApp(options: AppOptions = {}): Hono<AppEnv> & { readonly serves: readonly Route[] } {
  const all = [...features, ...(options.features ?? [])];
  const serves = foldRoutes(all);
  const loadRules = loadOnce(() => loadRulesOf(all));
  const parts: AppParts = {
    createDeps: (runtime, request, requestId) =>
      new RequestDeps(runtime, request, requestId, async () => loadRules(), options),
    visitorReaders: all.flatMap(({ loadVisitorReader = [] }) => loadVisitorReader),
    // The demo comes first, so that it can answer for its user.
    async answerBefore(route, c, deps) {
      if (!deps.config.isDemoEnabled) return null;
      const { answerDemo } = await import('./features/demo/index.ts');
      return answerDemo(route, c);
    },
  };
  const router = new TableRouter(
    Map.groupBy(serves, ({ path }) => path),
    (listed) => {
      const routes = pathRoutesOf(listed);
      return (c: RequestContext) => answerRequest(c, routes, parts);
    },
  );
  const app = new Hono<AppEnv>({ router });
  app.notFound((c) => answerRequest(c, undefined, parts));
  app.onError((error, c) => answerThrown(c, error));
  return Object.assign(app, { serves });
}

/** Answers a cron trigger. */
export async function runScheduled(controller: { readonly cron: string }, env: Env): Promise<void> {
  const [{ createScheduled }, rules] = await Promise.all([import('./scheduled.ts'), loadRulesOf(features)]);
  await createScheduled(rules)(controller, env);
}
