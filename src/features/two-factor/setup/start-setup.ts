import { encodeBase32 } from '../../../crypto/base32.ts';
import { createTotpSecret, otpauthUri } from '../../../crypto/totp.ts';
import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { userErrors } from '../../users/index.ts';
import { twoFactorErrors } from '../errors.ts';
import { qrCodeUri } from '../qr-code.ts';
import { sealSecret } from '../totp-secret.ts';
import { startSetup as start } from './set-up.sql.ts';

/** What an authenticator app needs, in each of the ways in which it can be told. */
export interface TotpSetup {
  /** Base32, to be typed. */
  readonly secret: string;
  /** To be opened on the device itself. */
  readonly otpauthUri: string;
  /** To be scanned: an SVG as a `data:` URI. */
  readonly qrCode: string;
}

/**
 * Creates the secret for an authenticator app. Nothing is turned on until its first code, for which there is an hour; an
 * earlier setup is replaced. The secret is never answered again (OTP-05). Round trips: 1.
 * @throws AuthError unauthenticated, reauthentication_required or the refusal of another gate
 * @throws AuthError email_not_verified
 * @throws AuthError two_factor_unavailable
 */
export async function startSetup(deps: Deps, caller: CallerIds): Promise<TotpSetup> {
  const { db, config, keyring } = deps;
  const rules = await deps.loadRules();
  if (!config.twoFactor.isOffered) throw twoFactorErrors.two_factor_unavailable();
  const [id, secret] = [crypto.randomUUID(), createTotpSecret()];
  const secretSealed = await sealSecret(keyring, secret, { id, userId: caller.userId });
  // Without verification nobody could ever have verified the address.
  const isVerificationAsked = config.emailVerification !== 'off';
  const totp = { id, secretSealed };
  const row = passGates(rules, await start(db, caller, totp, { gateRules: rules, isVerificationAsked }));
  if (row.is_unverified) throw userErrors.email_not_verified();
  const uri = otpauthUri({ issuer: new URL(config.baseUrl).hostname, account: row.email, secret });
  return { secret: encodeBase32(secret), otpauthUri: uri, qrCode: await qrCodeUri(uri) };
}
