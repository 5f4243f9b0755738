import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import { addressErrors } from '../../addresses/index.ts';
import { withHolderPassword } from '../../link-holder/index.ts';
import { oneTimeTokenErrors, type PresentedOneTimeToken } from '../../one-time-tokens/index.ts';
import {
  type Challenge,
  completeOpening,
  passwordOpening,
  type SignIn,
  type SignInSettings,
} from '../../sign-in/index.ts';
import { userErrors } from '../../users/index.ts';
import { confirmRegistration, findRegistrationHolder } from './confirm-registration.sql.ts';

/**
 * Makes an account of a pending registration, by its own password and no other (LNK-06), and signs in. Round trips: 2;
 * 0 where registration is closed.
 *
 * A closed registration refuses every such link, also one whose address has an unverified account that it could take
 * over: that one cannot be told from the others before it is looked up, and who reads the mailbox gets into the account by
 * a reset of its password all the same. The link is not spent: it works once registration is open again, until it expires.
 * @throws AuthError registration_closed whatever the state of the link and the password
 * @throws AuthError account_exists for an unverified account that asks for a second factor: it is not taken over, and the link
 * is not spent (LNK-16)
 * @throws AuthError as `verifyEmail`
 */
export async function confirmPendingRegistration(
  deps: Deps,
  input: SignInSettings & { readonly password: string | undefined },
  presented: PresentedOneTimeToken,
): Promise<SignIn | Challenge> {
  const { db, config, metadata, keyring } = deps;
  const rules = await deps.loadRules();
  if (!config.isRegistrationOpen) throw userErrors.registration_closed();
  const opening = await passwordOpening(deps, input);
  const newUserId = crypto.randomUUID();
  const row = await withHolderPassword(deps, {
    password: input.password,
    find: async (isChecked) => {
      const { secondFactors } = rules;
      const holder = await findRegistrationHolder(
        db,
        presented,
        isChecked,
        secondFactors,
        config.loginAttempts,
      );
      if (holder?.is_kept) throw addressErrors.account_exists();
      return holder;
    },
    run: (registration) => {
      const address = addressOf(keyring, registration.email);
      const confirmation = { presented, registration, address, newUserId, opening };
      return confirmRegistration(db, confirmation, rules, metadata);
    },
  });
  deps.mail.sendSoon();
  const signIn = await completeOpening(deps, input.device, opening, row);
  if (signIn === null) throw oneTimeTokenErrors.token_invalid();
  return signIn;
}
