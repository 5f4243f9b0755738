import type { Deps } from '../../deps.ts';
import { type Session, toUnstoredSession } from '../sessions/index.ts';

/** One session of the demo user. It exists only in its tokens. */
export interface DemoSession {
  /** UUID, which tells visitors apart. */
  readonly sessionId: string;
  /** When the visitor signed in, in seconds since the epoch. */
  readonly authTime: number;
}

const lifetimeSeconds = 7200;

/** Starts a demo session. */
export function openDemoSession(now: Deps['now']): DemoSession {
  return { sessionId: crypto.randomUUID(), authTime: Math.floor(now() / 1000) };
}

/** Whole seconds until the demo session ends, two hours after its login; zero or less when it has ended. */
export function secondsLeft({ authTime }: DemoSession, now: Deps['now']): number {
  return authTime + lifetimeSeconds - Math.floor(now() / 1000);
}

/**
 * The session as its visitor sees it, the only one in any list. It contains nothing of the request: who tries the
 * demo is neither stored nor shown (DEM-05).
 */
export function toSession({ sessionId, authTime }: DemoSession, now: Deps['now']): Session {
  return toUnstoredSession({
    id: sessionId,
    createdAt: new Date(authTime * 1000).toISOString(),
    lastActiveAt: new Date(now()).toISOString(),
    expiresAt: new Date((authTime + lifetimeSeconds) * 1000).toISOString(),
    method: 'password',
  });
}
