import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import type { CallerIds } from '../sessions/index.ts';
import { findTrustedDevices, type TrustedDeviceRow } from './own-trusted-devices.sql.ts';
import type { TrustEntry } from './trusted-device-token.ts';

/** A trusted device, as its owner sees it. */
export interface TrustedDevice extends Omit<TrustedDeviceRow, 'id'> {
  readonly id: string;
  /** Whether the request comes from it, by its cookie. */
  readonly current: boolean;
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
  return rows.flatMap(({ id, ...device }) =>
    id === null ? [] : [{ id, current: currentIds.includes(id), ...device }],
  );
}
