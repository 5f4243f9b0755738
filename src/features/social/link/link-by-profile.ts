import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import { addressErrors } from '../../addresses/index.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import { type GivenToken, sealGiven } from '../apple-token/kept-token.ts';
import type { ConsumedOnce } from '../entry/entry.ts';
import { socialErrors } from '../errors.ts';
import { presentedIdentity } from '../identities/presented-identity.ts';
import type { Provider, ProviderProfile } from '../providers/provider.ts';
import type { VisitingSession } from '../visit/visit.ts';
import { linkToCaller } from './link-to-caller.sql.ts';

/** Somebody who came back from a provider to the session that began the visit. */
export interface OwnReturn {
  readonly provider: Provider;
  readonly profile: ProviderProfile;
  readonly consumed: ConsumedOnce;
  readonly caller: VisitingSession;
}

/** An identity, and the session that wants it. */
interface LinkInput extends OwnReturn {
  /** A refresh token that came along. */
  readonly given: GivenToken | null;
  /** Of the account, as it was when the visit began. */
  readonly email: string;
}

/**
 * Links the identity to the account of the session that began the visit. That it has the identity already is a success.
 * Round trips: 1.
 * @throws AuthError transaction_invalid when the state was used before, the session has ended, or something was closed since
 * @throws AuthError reauthentication_required, or the refusal of another gate
 * @throws AuthError identity_already_linked for another identity of the provider
 * @throws AuthError account_exists when another account has it
 */
export async function linkByProfile(deps: Deps, input: LinkInput): Promise<void> {
  const { db, keyring, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const { provider, profile, given, consumed, caller, email } = input;
  const identity = presentedIdentity(provider, profile);
  const linking = {
    ...{ caller, consumed, identity, keptToken: await sealGiven(keyring, provider, given) },
    notice: await prepareLinkTo(deps, email, 'identity_linked', { provider: provider.name }),
  };
  const row = await linkToCaller(db, linking, rules, metadata);
  if (!row.is_ours || !row.is_live) throw socialErrors.transaction_invalid();
  passGates(rules, row);
  mail.sendSoon();
  if (row.is_linked) return;
  throw row.has_another ? socialErrors.identity_already_linked() : addressErrors.account_exists();
}
