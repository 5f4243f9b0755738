import type { Deps } from '../../deps.ts';
import type { Session } from '../sessions/index.ts';

/** One visit of the demo. It exists in its tokens alone. */
export interface DemoSession {
  /** UUID, so that visitors are told apart. */
  readonly sessionId: string;
  /** When the visitor signed in, in seconds since the epoch. */
  readonly authTime: number;
}

const lifetimeSeconds = 7200;

/** Begins a visit. */
export function openDemoSession(now: Deps['now']): DemoSession {
  return { sessionId: crypto.randomUUID(), authTime: Math.floor(now() / 1000) };
}

/** Whole seconds until the visit ends, two hours after its login; none or fewer when it has ended. */
export function secondsLeft({ authTime }: DemoSession, now: Deps['now']): number {
  return authTime + lifetimeSeconds - Math.floor(now() / 1000);
}

/**
 * The one session that its visitor is shown, wherever sessions are shown. Nothing in it comes from the request: who
 * visits the demo is neither stored nor told (DEM-05).
 */
export function toSession({ sessionId, authTime }: DemoSession, now: Deps['now']): Session {
  return {
    id: sessionId,
    current: true,
    createdAt: new Date(authTime * 1000).toISOString(),
    lastActiveAt: new Date(now()).toISOString(),
    expiresAt: new Date((authTime + lifetimeSeconds) * 1000).toISOString(),
    ipAddress: null,
    location: null,
    device: null,
    method: 'password',
  };
}
