import { findTotpStep } from '../../../crypto/totp.ts';
import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { proofErrors } from '../../../joints/errors.ts';
import { passGates } from '../../../joints/gate.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import { type CallerIds, type IssuedTokens, issueRenewedTokens, newRenewal } from '../../sessions/index.ts';
import { createBackupCodes } from '../backup-codes/backup-code.ts';
import { secondFactorAmr } from '../check/proof.ts';
import { twoFactorErrors } from '../errors.ts';
import { openSecret } from '../totp-secret.ts';
import { enableTwoFactor as enable, findSetup } from './set-up.sql.ts';

/** Two-factor as it was turned on just now. */
export interface EnabledTwoFactor {
  /** Shown once: only their hashes are stored. */
  readonly backupCodes: readonly string[];
  readonly tokens: IssuedTokens;
}

/**
 * Turns two-factor on by the first code of the secret that was set up. It counts as a second step: the session has passed it
 * and gets a new id. An authenticator that was on before is replaced, with its backup codes; no device is trusted any
 * longer; other sessions go on, and are not recent until they pass it (SES-19). The owner is told by mail. A wrong code
 * counts nowhere: whoever enters it was shown the secret. Round trips: 2; 1 for a wrong code.
 * @throws AuthError unauthenticated, reauthentication_required or the refusal of another gate
 * @throws AuthError two_factor_setup_required, invalid_code, two_factor_unavailable
 */
export async function enableTwoFactor(
  deps: Deps,
  caller: CallerIds,
  code: string,
): Promise<EnabledTwoFactor> {
  const { db, config, keyring, metadata, now, mail } = deps;
  const rules = await deps.loadRules();
  if (!config.twoFactor.isOffered) throw twoFactorErrors.two_factor_unavailable();
  const setup = passGates(rules, await findSetup(db, caller, rules));
  const { id: factorId, secret: sealed } = setup;
  if (factorId === null || sealed === null) throw twoFactorErrors.two_factor_setup_required();
  const secret = await openSecret(keyring, sealed, { id: factorId, userId: caller.userId });
  if (secret === null)
    throw commonErrors.misconfigured({ internal: { variables: ['AUTH_SECRET_PREVIOUS'] } });
  const step = findTotpStep(secret, code, now());
  if (step === null) throw proofErrors.invalid_code();

  const { codes, hashes } = createBackupCodes();
  const renewal = newRenewal(deps, caller, { amr: secondFactorAmr, isSecondFactor: true });
  const { bucket, counted_device_id: countedDeviceId, device_id: deviceId } = setup;
  const counter = { bucket, countedDeviceId, deviceId };
  const notice = await prepareLinkTo(deps, setup.email, 'two_factor_enabled');
  const enabling = { caller, factorId, step, codeHashes: hashes, renewal, counter, notice };
  const row = await enable(db, enabling, { gateRules: rules, credentials: rules.credentials }, metadata);
  if (row === null) throw twoFactorErrors.two_factor_setup_required();
  mail.sendSoon();
  return { backupCodes: codes, tokens: await issueRenewedTokens(deps, row) };
}
