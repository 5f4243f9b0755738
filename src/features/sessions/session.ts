import type { Device } from '../../request/device.ts';
import type { Location } from '../../request/request-metadata.ts';

/** A session, as its owner sees it: nothing in it can be presented to the service. */
export interface Session {
  readonly id: string;
  /** Whether it is the calling session. */
  readonly current: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly lastActiveAt: string;
  /** Its absolute end; without activity it ends sooner. */
  readonly expiresAt: string;
  readonly ipAddress: string | null;
  readonly location: Location | null;
  readonly device: Device | null;
  /** How the user signed in. */
  readonly method: string;
}

/** The columns of a `Session`, as `sessionColumns` names them. */
export interface SessionRow {
  readonly session_id: string;
  readonly session_created_at: Date;
  readonly last_active_at: Date;
  readonly absolute_expires_at: Date;
  readonly ip_address: string | null;
  readonly location: Location | null;
  readonly device: Device | null;
  readonly method: string;
}

/** Converts the columns of a session to members of the API, here only. */
export function toSession(row: SessionRow, currentId: string): Session {
  return {
    id: row.session_id,
    current: row.session_id === currentId,
    createdAt: row.session_created_at.toISOString(),
    lastActiveAt: row.last_active_at.toISOString(),
    expiresAt: row.absolute_expires_at.toISOString(),
    ipAddress: row.ip_address,
    location: row.location,
    device: row.device,
    method: row.method,
  };
}

/** A session that is not stored, by what its tokens say of it: the only one of its visitor, and nothing else is known. */
export function toUnstoredSession(
  told: Pick<Session, 'id' | 'createdAt' | 'lastActiveAt' | 'expiresAt' | 'method'>,
): Session {
  return { ...told, current: true, ipAddress: null, location: null, device: null };
}
