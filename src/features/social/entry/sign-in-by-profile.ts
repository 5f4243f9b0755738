import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import type { AuthError } from '../../../errors.ts';
import type { EventReason } from '../../../joints/event-types.ts';
import { addressErrors } from '../../addresses/index.ts';
import { prepareLink, prepareLinkTo } from '../../one-time-tokens/index.ts';
import {
  type Challenge,
  completedBy,
  completeOpening,
  type SignIn,
  type SignInSettings,
} from '../../sign-in/index.ts';
import { registrationCount, tooManyRegistrations, userErrors } from '../../users/index.ts';
import { type GivenToken, sealOnce } from '../apple-token/kept-token.ts';
import { socialErrors } from '../errors.ts';
import type { KeptToken, PresentedIdentity } from '../identities/identities.sql.ts';
import { presentedIdentity } from '../identities/presented-identity.ts';
import type { Provider, ProviderProfile } from '../providers/provider.ts';
import { enterAccount } from './enter-account.sql.ts';
import type { ConsumedOnce, Entry } from './entry.ts';
import { type EntryRow, hasTurnedChallenge, isCodeRow } from './entry-row.ts';
import { type FoundAccount, findSocialAccount, type VouchedAddress } from './find-social-account.sql.ts';
import { linkingOf } from './link-identity.ts';
import { type NewOwner, nameOf } from './new-profile.ts';
import { prepareEntry } from './prepare-entry.ts';
import { recordRefusedSignIn, tellToLink } from './refuse-sign-in.sql.ts';
import { registerByIdentity } from './register-by-identity.sql.ts';
import { takeOverAccount } from './take-over-account.sql.ts';

/** Somebody whom a provider has authenticated, and what they ask for. */
export interface SocialSignInInput {
  readonly provider: Provider;
  readonly profile: ProviderProfile;
  /** A refresh token that came along, or how to get it: asked once, where the account is opened. */
  readonly given: GivenToken | null | (() => Promise<GivenToken | null>);
  /** What this sign-in uses up. */
  readonly consumed: ConsumedOnce;
  readonly settings: SignInSettings;
  /** Of an app that fetches the tokens itself; null where the session begins at once. */
  readonly codeChallenge: string | null;
}

/** A code for an app. */
export interface IssuedCode {
  readonly outcome: 'code';
  readonly code: string;
}

/** What one sign-in works with. */
interface Visit {
  readonly input: SocialSignInInput;
  readonly identity: PresentedIdentity;
  /** Null where the provider vouches for no address. */
  readonly vouched: VouchedAddress | null;
  readonly entry: Entry;
  /** The refresh token, sealed. */
  readonly keepToken: () => Promise<KeptToken | null>;
}

/**
 * Signs in by an identity: to the account that has it; else, by an address that a trusted provider has verified, to the
 * account of that address, where the identity is linked if both sides have verified it, and which is taken over if nobody
 * here has; else to a new account. Round trips: 2; twice as many where another request changed the account meanwhile.
 * @throws AuthError transaction_invalid for what was used before
 * @throws AuthError access_denied for a banned user
 * @throws AuthError email_not_verified, account_exists, registration_closed, rate_limited
 */
export async function signInByProfile(
  deps: Deps,
  input: SocialSignInInput,
): Promise<SignIn | Challenge | IssuedCode> {
  const { provider, profile, settings, codeChallenge } = input;
  const identity = presentedIdentity(provider, profile);
  const visit: Visit = {
    ...{ input, identity, vouched: vouchedAddress(deps, identity) },
    entry: { ...(await prepareEntry(deps, settings, provider.id, codeChallenge)), consumed: input.consumed },
    // Both tries keep the same one.
    keepToken: sealOnce(deps.keyring, provider, input.given),
  };
  // Tried twice, in case another request changes the account, or makes it, in between.
  const entered = (await tryAccount(deps, visit)) ?? (await tryAccount(deps, visit));
  const refusal = addressErrors.account_exists();
  if (entered === null) return refuseAddress(deps, visit, { userId: null, isTold: true, refusal });
  return entered;
}

function vouchedAddress({ keyring }: Deps, { email }: PresentedIdentity): VouchedAddress | null {
  if (email === null) return null;
  return { email: { address: email, spellings: [email] }, address: addressOf(keyring, email) };
}

/** Returns null when what was found has changed since. */
async function tryAccount(deps: Deps, visit: Visit): Promise<SignIn | Challenge | IssuedCode | null> {
  const { db, metadata } = deps;
  const { input, identity, vouched, entry } = visit;
  const { device } = input.settings;
  const { secondFactors } = await deps.loadRules();
  const question = {
    consumed: input.consumed,
    identity,
    vouched,
    opening: entry.opening,
    device,
    secondFactors,
  };
  const found = await findSocialAccount(db, question, metadata);
  if (found.is_consumed) throw socialErrors.transaction_invalid();
  const row = await openAccount(deps, visit, found);
  if (row === null) return null;
  if (isCodeRow(row)) return entry.code && { outcome: 'code', code: entry.code.token.token };
  return completeOpening(deps, device, entry.opening, row);
}

/** Opens the account that the rule gives, or throws why there is none. */
async function openAccount(deps: Deps, visit: Visit, found: FoundAccount): Promise<EntryRow | null> {
  const { vouched, identity } = visit;
  if (found.user_id !== null && found.email !== null && mayEnter(found)) {
    const account = { ...found, user_id: found.user_id, email: found.email };
    return enter(deps, visit, account);
  }
  if (vouched === null) {
    const detail = 'The identity provider does not vouch for an e-mail address.';
    return refuse(deps, visit, null, userErrors.email_not_verified({ detail }), 'email_not_verified');
  }
  const unmade = refusalOfNewAccount(deps, visit);
  if (found.claim === 'free' && unmade === null) return createAccount(deps, visit, vouched);
  if (found.claim === 'open' && identity.isEmailProved && !found.is_disowned)
    return takeOver(deps, visit, vouched);
  // One that has proved it knows who is there; for any other, the mail counts for the client whoever has it.
  const isTold = !identity.isEmailProved || found.claim === 'taken' || found.claim === 'open';
  // Whoever has not proved the address is answered as if nobody had it, so that no answer tells who does (ENU-11).
  const isAsIfFree = found.claim === 'free' || !identity.isEmailProved;
  const refusal = (isAsIfFree ? unmade : null) ?? addressErrors.account_exists();
  return refuseAddress(deps, visit, { userId: found.user_id, isTold, refusal });
}

/** Why no account would be made; null where one would. */
function refusalOfNewAccount({ config }: Deps, { input, identity }: Visit): AccountlessRefusal | null {
  if (!config.isRegistrationOpen || !input.provider.allowsRegistration)
    return userErrors.registration_closed();
  // The account could not be entered until somebody proves the address.
  if (config.emailVerification === 'required' && !identity.isEmailProved)
    return userErrors.email_not_verified({
      detail: 'This identity provider is not trusted for e-mail addresses.',
    });
  return null;
}

/**
 * By the identity, or by an address that is verified here as well and may link it. An account from before verification
 * needs its password.
 */
function mayEnter({ way, claim, verdict, ...found }: FoundAccount): boolean {
  if (way === 'identity') return true;
  return claim === 'taken' && ((found.is_verified && found.is_linkable) || verdict === 'refused');
}

async function enter(
  deps: Deps,
  visit: Visit,
  account: FoundAccount & { readonly user_id: string; readonly email: string },
): Promise<EntryRow | null> {
  const { db, metadata, mail } = deps;
  const { identity, vouched, entry } = visit;
  const { user_id: userId, email, way, verdict, is_known_device: isKnown } = account;
  if (verdict === 'refused') return refuse(deps, visit, userId, socialErrors.access_denied(), 'banned');
  if (verdict === 'unverified')
    return refuse(deps, visit, userId, userErrors.email_not_verified(), 'email_not_verified');
  const isChallenge = verdict === 'challenge';
  // Behind a challenge it is the second step that signs in, and behind a code whoever redeems it; each tells.
  const isTold = !isKnown && !isChallenge && entry.code === null;
  const linkedBy = way === 'address' && vouched !== null ? vouched.address : null;
  const keptToken = await visit.keepToken();
  const opening =
    linkedBy === null
      ? entry.opening
      : await completedBy(deps, entry.opening, linkingOf(identity, keptToken), email);
  const row = await enterAccount(
    db,
    {
      ...{ userId, identity, linkedBy, keptToken, isChallenge },
      entry: { ...entry, opening },
      newDeviceMail: isTold ? await prepareLinkTo(deps, email, 'new_device') : null,
    },
    metadata,
  );
  if (row !== null && (isTold || linkedBy !== null)) mail.sendSoon();
  return row !== null && !isChallenge && hasTurnedChallenge(row) ? null : row;
}

async function takeOver(deps: Deps, visit: Visit, vouched: VouchedAddress): Promise<EntryRow | null> {
  const { db, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const row = await takeOverAccount(db, await newOwner(deps, visit, vouched), rules, metadata);
  if (row !== null) mail.sendSoon();
  return row;
}

async function createAccount(deps: Deps, visit: Visit, vouched: VouchedAddress): Promise<EntryRow | null> {
  const { db, config, metadata, mail } = deps;
  const isMailed = config.emailVerification === 'optional' && !visit.identity.isEmailProved;
  const verification = isMailed
    ? { ...(await prepareLink(deps, vouched.email, 'verify_email')), client: mail.client }
    : null;
  const owner = await newOwner(deps, visit, vouched);
  const count = registrationCount(mail.client);
  const account = { ...owner, newUserId: crypto.randomUUID(), verification, count };
  const registered = await registerByIdentity(db, account, metadata);
  switch (registered.outcome) {
    case 'refused':
      throw tooManyRegistrations(registered.retryAfterSeconds);
    case 'taken':
      return null;
    case 'created':
      if (isMailed) mail.sendSoon();
      return registered.row;
  }
}

async function newOwner(deps: Deps, visit: Visit, { address }: VouchedAddress): Promise<NewOwner> {
  const { input, identity, entry } = visit;
  const profile = { name: nameOf(input.profile.name, address.email), locale: deps.metadata.locale };
  return { address, identity, profile, entry, keptToken: await visit.keepToken() };
}

/** A refusal that is recorded by its code. */
type AccountlessRefusal = AuthError<EventReason<'authn_login_fail'>>;

interface RefusedAddress {
  readonly userId: string | null;
  /** Whether the owner of the address gets a mail, which the client causes. */
  readonly isTold: boolean;
  readonly refusal: AccountlessRefusal;
}

/**
 * Refuses an identity that its address gives no account.
 * @throws the refusal
 */
async function refuseAddress(
  deps: Deps,
  visit: Visit,
  { userId, isTold, refusal }: RefusedAddress,
): Promise<never> {
  const { db, mail, metadata } = deps;
  const { vouched, input } = visit;
  if (isTold && vouched !== null) {
    const { name: provider, id: method } = input.provider;
    const refused = { userId, consumed: input.consumed, method, reason: refusal.code };
    await tellToLink(
      db,
      { refusal: refused, address: vouched.address, client: mail.client, provider },
      metadata,
    );
    mail.sendSoon();
    throw refusal;
  }
  return refuse(deps, visit, userId, refusal, refusal.code);
}

/**
 * Refuses a sign-in, and records why.
 * @throws the refusal
 */
async function refuse(
  { db, metadata }: Deps,
  { input: { consumed, provider } }: Visit,
  userId: string | null,
  refusal: AuthError,
  reason: EventReason<'authn_login_fail'>,
): Promise<never> {
  await recordRefusedSignIn(db, { userId, consumed, method: provider.id, reason }, metadata);
  throw refusal;
}
