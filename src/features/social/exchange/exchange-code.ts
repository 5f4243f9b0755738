import { calculatePKCECodeChallenge } from 'oauth4webapi';
import type { Deps } from '../../../deps.ts';
import { prepareLinkTo, readOneTimeToken } from '../../one-time-tokens/index.ts';
import {
  type Challenge,
  completedBy,
  completeOpening,
  type SignIn,
  type SignInSettings,
  unlessTrusted,
} from '../../sign-in/index.ts';
import { prepareEntry } from '../entry/prepare-entry.ts';
import { socialErrors } from '../errors.ts';
import { findCodeHolder, redeemCode } from './redeem-code.sql.ts';

/** What an app presents. */
export interface ExchangeInput extends SignInSettings {
  readonly code: string;
  /** The PKCE verifier that only the app has (RFC 7636 section 4.5). */
  readonly codeVerifier: string;
}

/**
 * Gives the tokens of a sign-in at a provider to the app that began it. Whoever gets hold of the code alone has nothing.
 * Round trips: 2; 1 for a code that cannot be redeemed, 0 for a forged one.
 * @throws AuthError code_invalid
 */
export async function exchangeCode(deps: Deps, input: ExchangeInput): Promise<SignIn | Challenge> {
  const { db, keyring, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const token = readOneTimeToken(keyring, ['oauth_code'], input.code);
  if (token === null) throw socialErrors.code_invalid();
  const presented = { token, codeChallenge: await calculatePKCECodeChallenge(input.codeVerifier) };
  const secondFactors = unlessTrusted(rules.secondFactors, input.trusted ?? []);
  const holder = await findCodeHolder(db, presented, input.device, secondFactors);
  if (holder === null) throw socialErrors.code_invalid();

  const { completion } = holder;
  const { opening: prepared } = await prepareEntry(deps, input, holder.method, null);
  const opening =
    completion === null ? prepared : await completedBy(deps, prepared, completion, holder.email);
  const isTold = !holder.is_known_device && !holder.is_challenge && !holder.is_new;
  const newDeviceMail = isTold ? await prepareLinkTo(deps, holder.email, 'new_device') : null;
  const row = await redeemCode(db, { presented, holder, opening, newDeviceMail }, metadata);
  if (isTold || completion !== null) mail.sendSoon();
  const signIn = await completeOpening(deps, input.device, opening, row);
  if (signIn === null) throw socialErrors.code_invalid();
  return signIn;
}
