import type { IdTokenClaims, ProviderProfile } from './provider.ts';

/**
 * The profile of the standard claims (OpenID Connect Core section 5.1). An address is verified where `email_verified` is
 * `true` alone.
 */
export function openIdProfile(claims: IdTokenClaims): Omit<ProviderProfile, 'issuer' | 'subject'> {
  const { email, email_verified: isVerified, name, auth_time: authTime } = claims;
  return {
    email: textOf(email),
    isEmailVerified: isVerified === true,
    name: textOf(name),
    authTime: typeof authTime === 'number' ? authTime : null,
  };
}

/** A text that is not empty, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
