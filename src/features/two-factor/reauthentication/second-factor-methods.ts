import type { Deps } from '../../../deps.ts';
import type { ReauthenticationMethod } from '../../../joints/reauthentication.ts';
import { type CallerIds, type IssuedTokens, issueRenewedTokens, newRenewal } from '../../sessions/index.ts';
import { type PresentedProof, secondFactorAmr } from '../check/proof.ts';
import { withSecondFactor } from '../check/with-second-factor.ts';
import { presentedBackupCode, presentedCode } from '../schemas.ts';
import { renewBySecondFactor } from './renew-by-second-factor.sql.ts';

/** A code or a backup code makes a session recent by itself, on an account that asks for a second factor. */
export const secondFactorMethods: readonly ReauthenticationMethod<Deps>[] = [
  {
    ...{ name: 'totp', member: 'code', schema: presentedCode, isUsable: null },
    run: (deps, caller, code) => reauthenticate(deps, caller, { kind: 'totp', code }),
  },
  {
    ...{ name: 'backup_code', member: 'backupCode', schema: presentedBackupCode, isUsable: null },
    run: (deps, caller, code) => reauthenticate(deps, caller, { kind: 'backup_code', code }),
  },
];

/**
 * Authenticates the caller again by the second factor. A backup code that was used is told by mail. Round trips: 2.
 * @throws AuthError as `withSecondFactor`
 */
async function reauthenticate(deps: Deps, caller: CallerIds, proof: PresentedProof): Promise<IssuedTokens> {
  const { db, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const renewal = newRenewal(deps, caller, { amr: secondFactorAmr, isSecondFactor: true });
  const row = await withSecondFactor(deps, {
    ...{ caller, proof, gateRules: { ...rules, gates: [] } },
    run: (found, counter) => renewBySecondFactor(db, { caller, proof: found, counter, renewal }, metadata),
  });
  mail.sendSoon();
  return issueRenewedTokens(deps, row);
}
