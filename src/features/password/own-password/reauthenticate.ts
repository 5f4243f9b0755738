import type { Deps } from '../../../deps.ts';
import type { ReauthenticationMethod } from '../../../joints/reauthentication.ts';
import { presentedPassword } from '../../../text-schemas.ts';
import { type OwnerProof, withCurrentPassword } from '../../current-password/index.ts';
import { type IssuedTokens, issueRenewedTokens, newRenewal } from '../../sessions/index.ts';
import { renewCallerSession } from './change-password.sql.ts';
import { hasPassword } from './has-password.sql.ts';

/** The password, which where the account asks for a second factor is not enough to be recent. */
export const passwordReauthentication: ReauthenticationMethod<Deps> = {
  name: 'password',
  member: 'password',
  schema: presentedPassword,
  isUsable: hasPassword,
  run: (deps, caller, password) => reauthenticate(deps, { caller, password }),
};

/**
 * Authenticates the caller again by the password. Round trips: 2.
 * @throws AuthError as `withCurrentPassword`
 */
async function reauthenticate(deps: Deps, proof: OwnerProof): Promise<IssuedTokens> {
  const { db, metadata } = deps;
  const rules = await deps.loadRules();
  const renewal = newRenewal(deps, proof.caller, { amr: ['pwd'], isSecondFactor: false });
  const row = await withCurrentPassword(deps, proof, {
    run: (verified) => renewCallerSession(db, verified, renewal, metadata),
    gateRules: { ...rules, gates: [] },
    refusalType: 'authn_login_fail',
  });
  return issueRenewedTokens(deps, row);
}
