import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { proofErrors } from '../../../joints/errors.ts';
import type { ReauthenticationMethod } from '../../../joints/reauthentication.ts';
import { tooManyAttempts } from '../../../rate-limit/attempts.ts';
import { type CallerIds, type IssuedTokens, issueRenewedTokens, newRenewal } from '../../sessions/index.ts';
import { presentedEmailCodes } from '../email-code.ts';
import { hasEmailCode } from '../has-email-code.sql.ts';
import { requestEmailCode } from '../request/request-email-code.ts';
import { presentedEmailCode } from '../schemas.ts';
import { checkLimits, renewByEmailCode, reserveCodeCheck } from './renew-by-email-code.sql.ts';

/** A code that was mailed to the verified address, for an account without a password. */
export const emailCodeReauthentication: ReauthenticationMethod<Deps> = {
  name: 'email_code',
  member: 'emailCode',
  schema: presentedEmailCode,
  isUsable: hasEmailCode,
  run: reauthenticate,
  send: requestEmailCode,
};

/**
 * What the session has shown, as services read it. RFC 8176 section 2 has no value for a mailbox; the code is a one-time
 * password, of which RFC 4226 and 6238 are said to be examples. It is no second factor, so that `mfa` is not added and `acr`
 * stays: a mailbox proves no possession of a device (NIST SP 800-63B section 3.1.3.1).
 */
const amr = ['otp'];

/**
 * Authenticates the caller again by a code of a mail. The check is reserved before anything is compared, and only a right
 * code gives it back. Round trips: 2; 1 when none is left.
 * @throws AuthError unauthenticated
 * @throws AuthError invalid_code for one that is wrong, expired, used, or of another session, user or address
 * @throws AuthError too_many_attempts
 */
async function reauthenticate(deps: Deps, caller: CallerIds, code: string): Promise<IssuedTokens> {
  const { db, keyring, metadata } = deps;
  const rules = await deps.loadRules();
  const presented = presentedEmailCodes(keyring, caller, code);
  const check = await reserveCodeCheck(db, caller, presented, metadata);
  if (check === null) throw commonErrors.unauthenticated();
  if (check.number === null) throw tooManyAttempts(checkLimits, check.retry_after_seconds);
  const renewal = newRenewal(deps, caller, { amr, isSecondFactor: false });
  // One that was not found is tried all the same: only that batch decides, and it records a wrong one.
  const found = { ...presented[0], hash: check.hash ?? presented[0].hash };
  const work = {
    caller,
    presented: found,
    bucket: check.bucket,
    renewal,
    secondFactors: rules.secondFactors,
  };
  const row = await renewByEmailCode(db, work, metadata);
  if (row === 'gone') throw commonErrors.unauthenticated();
  if (row === 'wrong') throw proofErrors.invalid_code();
  return issueRenewedTokens(deps, row);
}
