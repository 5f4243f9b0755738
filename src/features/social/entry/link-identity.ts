import type { PendingCompletion, SignInCompletion } from '../../../joints/sign-in-completion.ts';
import {
  identityAddedNow,
  type KeptToken,
  linkIdentity,
  type PresentedIdentity,
  useHeldToken,
} from '../identities/identities.sql.ts';

/** What a row holds until the sign-in is complete. */
interface Linking {
  readonly identity: PresentedIdentity;
  /** The token of the provider that waits with it; null for none. */
  readonly tokenId: string | null;
}

/**
 * The identity that a sign-in by a verified address links to the account, once it is complete (LNK-16): who does not get past
 * the second step leaves nothing behind. The owner is told. Whether the address may link it was asked where the challenge or the code
 * was issued: what begins a recovery, or disowns an identity, has ended both (LNK-21).
 */
export const linkIdentityAtSignIn: SignInCompletion = {
  name: 'link_identity',
  steps: {
    linkIdentity: (begun, content, metadata) => linkIdentity(begun, linkingIn(content).identity, metadata),
    useHeldToken: (_begun, content) => {
      const { identity, tokenId } = linkingIn(content);
      return tokenId === null ? null : useHeldToken(identity, tokenId);
    },
  },
  told: {
    kind: 'identity_linked',
    details: (content) => ({ provider: linkingIn(content).identity.providerName }),
    concerned: (content) => identityAddedNow(linkingIn(content).identity),
  },
};

/** What `linkingOf` gave: nothing else writes it. */
function linkingIn(content: unknown): Linking {
  return content as Linking;
}

/** What waits until the sign-in is complete. */
export function linkingOf(identity: PresentedIdentity, keptToken: KeptToken | null): PendingCompletion {
  const linking: Linking = { identity, tokenId: keptToken?.id ?? null };
  return { name: linkIdentityAtSignIn.name, content: linking };
}
