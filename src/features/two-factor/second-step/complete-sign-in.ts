import type { Deps } from '../../../deps.ts';
import type { PresentedDevice } from '../../known-devices/index.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import type { Transport } from '../../sessions/index.ts';
import {
  completedBy,
  completeOpening,
  type PresentedChallenge,
  prepareOpening,
  type SignIn,
} from '../../sign-in/index.ts';
import { newTrustedDevice, type TrustEntry, trustedDeviceTokenFor } from '../../trusted-devices/index.ts';
import { type PresentedProof, secondFactorAmr } from '../check/proof.ts';
import { checkReserved } from '../check/with-second-factor.ts';
import { twoFactorErrors } from '../errors.ts';
import { completeSecondStep, openChallenge, reserveChallengeCheck } from './complete-second-step.sql.ts';

export interface SecondStepInput {
  /** Null when it was forged. */
  readonly challenge: PresentedChallenge | null;
  readonly proof: PresentedProof;
  /** Undefined for the one that the first step asked for. */
  readonly transport: Transport | undefined;
  readonly device: PresentedDevice;
  /** Whether this device shall not be asked for the second factor for a while. */
  readonly isTrusted: boolean;
  /** The accounts that trust it already. */
  readonly trusted: readonly TrustEntry[];
}

/** A completed sign-in, with the token of the device where it is trusted from now on. */
export interface CompletedSignIn {
  readonly signIn: SignIn;
  readonly trustedDeviceToken: string | null;
}

/**
 * Completes a sign-in by the second factor. The check is reserved before anything is compared: over all challenges of the
 * account, and five times for this one. Nobody gets here without the first factor, so that no stranger can use the
 * account's checks up (OTP-03). Round trips: 2; 1 for a challenge that is not open, 0 for a forged
 * one, and one more where a proof that was good when it was read has been used meanwhile.
 * @throws AuthError challenge_expired, invalid_code, too_many_attempts, misconfigured
 */
export async function completeSignIn(deps: Deps, input: SecondStepInput): Promise<CompletedSignIn> {
  const { challenge, proof, device } = input;
  const { db, metadata, mail } = deps;
  if (challenge === null) throw twoFactorErrors.challenge_expired();
  const account = await reserveChallengeCheck(db, challenge, { device, proof }, metadata);
  if (account === null) throw twoFactorErrors.challenge_expired();

  const { user_id: userId, email, first_step: first } = account;
  const transport = input.transport ?? first.transport ?? undefined;
  const prepared = await prepareOpening(
    deps,
    { transport, device },
    { method: first.method, amr: [...first.amr, ...secondFactorAmr], isSecondStep: true },
  );
  const opening = first.completion ? await completedBy(deps, prepared, first.completion, email) : prepared;
  const newDeviceMail = account.is_known_device ? null : await prepareLinkTo(deps, email, 'new_device');
  const trusted = input.isTrusted ? await newTrustedDevice(deps, input.trusted) : null;

  const live = openChallenge(challenge);
  const whyGone = async () => twoFactorErrors.challenge_expired();
  const check = { reserved: account, live, whyGone, sessionId: null, deviceId: device.id };
  const row = await checkReserved(deps, check, proof, (found, counter) =>
    completeSecondStep(
      db,
      { userId, challenge, proof: found, counter, opening, newDeviceMail, trusted },
      metadata,
    ),
  );
  mail.sendSoon();
  const signIn = await completeOpening(deps, device, opening, row);
  if (signIn?.outcome !== 'session') throw twoFactorErrors.challenge_expired();
  return { signIn, trustedDeviceToken: trusted && trustedDeviceTokenFor(deps, trusted, userId) };
}
