import type { ReauthenticationMethod } from '../../../joints/reauthentication.ts';
import { hasReturningIdentity } from './fragments.ts';

/** A visit to a provider of the account, by a route of its own. */
export const providerReauthentication: ReauthenticationMethod = {
  name: 'oauth',
  member: null,
  isUsable: hasReturningIdentity,
};
