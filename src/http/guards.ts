import type { AccessTokenClaims } from '../access-tokens/access-token.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import type { RequestContext } from './context.ts';
import { authenticate, type OriginTrust, refuseForeignOrigin } from './guard.ts';
import { admitOperator } from './operator-guard.ts';

/** What a guard finds out about a request that it lets pass. */
export interface Admission {
  readonly caller?: AccessTokenClaims;
  /** The verdict about the origin: cookies count only if it is our own or a listed one. `absent` where nobody asked. */
  readonly originTrust: OriginTrust;
}

/** Checks a request before its body is read. @throws AuthError */
export type Admit = (c: RequestContext, deps: Deps, isUnsafe: boolean) => Admission | Promise<Admission>;

interface GuardRule {
  /** Not there where the kit of pages checks its visitors itself. */
  readonly admit?: Admit;
  /** Whether this deployment has such routes; not there where every one has. */
  readonly isServed?: (config: Config) => boolean;
}

const judgeOrigin: Admit = (c, deps, isUnsafe) => ({
  originTrust: isUnsafe ? refuseForeignOrigin(c, deps) : 'absent',
});

function operator(guard: 'cron' | 'admin' | 'developer'): Admit {
  return (c, deps) => {
    admitOperator(c, deps, guard);
    return { originTrust: 'absent' };
  };
}

const hostedPage: GuardRule = { isServed: ({ pages }) => pages.areHosted };

/** Who may call a route: every kind of guard, and what it checks. */
export const guards = {
  /** Needs no credential; an unsafe request from a foreign origin is refused. */
  anyone: { admit: judgeOrigin },
  /**
   * Presents a refresh token or the token of a challenge, in the body or a cookie; an unsafe request from a foreign
   * origin is refused.
   */
  'token-holder': { admit: judgeOrigin },
  /** Needs an access token; a cookie counts only from our own or a listed origin. */
  session: {
    admit: async (c, deps, isUnsafe) => ({
      caller: await authenticate(c, deps, isUnsafe),
      originTrust: 'absent',
    }),
  },
  /** Comes back from an identity provider, by whatever page: the state alone decides. */
  'identity-provider': { admit: () => ({ originTrust: 'absent' }) },
  /** A hosted page for everybody; its forms come from our own origin alone. */
  visitor: hostedPage,
  /** A hosted page for somebody who is signed in by cookie; its forms come from our own origin alone. */
  'account-holder': hostedPage,
  /** CRON_SECRET as bearer token; not needed in development. */
  cron: { admit: operator('cron') },
  /** ADMIN_SECRET as bearer token; without one the route does not exist. */
  admin: { admit: operator('admin'), isServed: ({ adminSecret }) => adminSecret !== null },
  /** Nothing; the route exists only in development. */
  developer: { admit: operator('developer'), isServed: ({ isDevelopment }) => isDevelopment },
} satisfies Readonly<Record<string, GuardRule>>;

export type Guard = keyof typeof guards;

/** The guards of hosted pages, which `src/http/serve-page.ts` checks. */
export type PageGuard = 'visitor' | 'account-holder';

/** The rule of a guard; undefined for one that is none, which a route that was made by hand can have. */
export function ruleOf(guard: Guard): GuardRule | undefined {
  return guards[guard];
}
