import type { Address } from '../../../address/address-key.ts';
import { personName } from '../../../text-schemas.ts';
import type { KeptToken, PresentedIdentity } from '../identities/identities.sql.ts';
import type { Entry } from './entry.ts';

/** What a new account takes from a provider. */
export interface NewProfile {
  readonly name: string;
  /** BCP 47 tag of the browser's first language, null when it sent none. */
  readonly locale: string | null;
}

/** Whose an account is from this sign-in on, which proves its address, or makes it. */
export interface NewOwner {
  readonly address: Address;
  readonly identity: PresentedIdentity;
  readonly profile: NewProfile;
  readonly keptToken: KeptToken | null;
  readonly entry: Entry;
}

/** The name that the provider tells, if it is one that a person could have entered here; else what stands before the `@`. */
export function nameOf(told: string | null, email: string): string {
  for (const candidate of [told, email.split('@')[0]]) {
    const name = personName.safeParse(candidate ?? '');
    if (name.success) return name.data;
  }
  return 'User';
}
