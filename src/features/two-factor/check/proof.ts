import { findTotpStep } from '../../../crypto/totp.ts';
import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { hashBackupCode } from '../backup-codes/backup-code.ts';
import { openSecret } from '../totp-secret.ts';

/** What somebody presents as the second factor. */
export type PresentedProof =
  | { readonly kind: 'totp'; readonly code: string }
  /** Canonical. */
  | { readonly kind: 'backup_code'; readonly code: string };

/** A proof that the Worker could not refuse: only the database knows whether it was used before. */
export type FoundProof =
  | { readonly kind: 'totp'; readonly factorId: string; readonly step: number }
  /** SHA-256 in hexadecimal. */
  | { readonly kind: 'backup_code'; readonly hash: string };

/**
 * Why a proof that the Worker found was not accepted: it was used before; or the challenge or session that it came with has
 * ended meanwhile, which is nobody's guess.
 */
export type Unaccepted = 'used' | 'gone';

/** An authenticator as the check reads it. */
export interface SealedFactor {
  readonly id: string;
  readonly secret: string;
  /** The time step of its last accepted code; null before the first one. */
  readonly last_step: number | null;
}

/** What the check reads of an account. */
export interface KnownProofs {
  readonly factors: readonly SealedFactor[];
  /** Whether the presented code is a backup code of the account that was not used. */
  readonly is_backup_code: boolean;
}

/** The hash by which a presented backup code is looked up: SHA-256 in hexadecimal; null for a code of an app. */
export function presentedHash({ kind, code }: PresentedProof): string | null {
  return kind === 'backup_code' ? hashBackupCode(code) : null;
}

/** The proof in a request of which the schema let exactly one through. */
export function proofOf({
  code,
  backupCode,
}: {
  readonly code?: string | undefined;
  readonly backupCode?: string | undefined;
}): PresentedProof {
  if (code !== undefined) return { kind: 'totp', code };
  return { kind: 'backup_code', code: backupCode ?? '' };
}

/** The session's `amr` of a second factor: a one-time password, and that it was one of several (RFC 8176). */
export const secondFactorAmr = ['otp', 'mfa'] as const;

/**
 * Finds what the proof would be: the authenticator and time step of a code, or the hash of a backup code. `wrong` when no
 * authenticator of the user shows the code now, and when there is no such backup code left; `used` when a code of its time
 * step was accepted before: only a race can tell more than what was read.
 * @throws AuthError misconfigured when a secret cannot be opened: the key that sealed it is gone
 */
export async function findProof(
  { keyring, now }: Pick<Deps, 'keyring' | 'now'>,
  presented: PresentedProof,
  userId: string,
  { factors, is_backup_code: isBackupCode }: KnownProofs,
): Promise<FoundProof | 'wrong' | 'used'> {
  if (presented.kind === 'backup_code')
    return isBackupCode ? { kind: 'backup_code', hash: hashBackupCode(presented.code) } : 'wrong';
  let found: FoundProof | 'wrong' | 'used' = 'wrong';
  for (const { id, secret: sealed, last_step: lastStep } of factors) {
    const secret = await openSecret(keyring, sealed, { id, userId });
    if (secret === null)
      throw commonErrors.misconfigured({ internal: { variables: ['AUTH_SECRET_PREVIOUS'] } });
    const step = findTotpStep(secret, presented.code, now());
    if (step === null) continue;
    found = lastStep !== null && step <= lastStep ? 'used' : { kind: 'totp', factorId: id, step };
  }
  return found;
}
