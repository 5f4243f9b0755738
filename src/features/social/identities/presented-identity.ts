import { canonicalEmail } from '../../../address/email-address.ts';
import type { Provider, ProviderProfile } from '../providers/provider.ts';
import type { PresentedIdentity } from './identities.sql.ts';

/** The identity of a profile. The address is kept only where the provider vouches for it. */
export function presentedIdentity(provider: Provider, profile: ProviderProfile): PresentedIdentity {
  const email = profile.isEmailVerified && profile.email !== null ? canonicalEmail(profile.email) : null;
  return {
    newId: crypto.randomUUID(),
    providerId: provider.id,
    providerName: provider.name,
    issuer: profile.issuer,
    issuers: [profile.issuer, `legacy:${provider.id}`],
    subject: profile.subject,
    email,
    isEmailProved: email !== null && provider.isTrusted,
  };
}
