import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import type { Device } from '../../request/device.ts';
import type { Location } from '../../request/request-metadata.ts';
import type { CallerIds } from '../sessions/index.ts';
import { findTrustedDevices } from './own-trusted-devices.sql.ts';
import type { TrustEntry } from './trusted-device-token.ts';

/** A trusted device, as its owner sees it. Times are ISO 8601, UTC. */
export interface TrustedDevice {
  readonly id: string;
  /** Whether the request comes from it, by its cookie. */
  readonly current: boolean;
  readonly device: Device | null;
  readonly location: Location | null;
  readonly addedAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

/**
 * Lists the devices that are not asked for the caller's second factor, latest use first.
 * @throws AuthError unauthenticated when the calling session has ended since the access token was signed
 */
export async function listTrustedDevices(
  deps: Deps,
  caller: CallerIds,
  presented: readonly TrustEntry[],
): Promise<TrustedDevice[]> {
  const rows = await findTrustedDevices(deps.db, caller);
  if (rows.length === 0) throw commonErrors.unauthenticated();
  const currentIds = presented.map(({ id }) => id);
  return rows.flatMap(({ id, device, location, created_at, last_used_at, expires_at }) => {
    if (id === null) return [];
    const times = {
      addedAt: created_at.toISOString(),
      lastUsedAt: last_used_at.toISOString(),
      expiresAt: expires_at.toISOString(),
    };
    return [{ id, current: currentIds.includes(id), device, location, ...times }];
  });
}
