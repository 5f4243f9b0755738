import type { FeatureRules } from '../../feature.ts';
import { resealTokens } from './apple-token/kept-token.ts';
import { revokeTokens } from './apple-token/revoke-tokens.ts';
import { forgetDisownedIdentities, identityCredentials } from './close-identities.sql.ts';
import { linkIdentityAtSignIn } from './entry/link-identity.ts';
import { exportedIdentities } from './identities/identities.sql.ts';
import { providerReauthentication } from './reauthentication/provider-method.ts';

export const rules: FeatureRules = {
  signInCompletions: [linkIdentityAtSignIn],
  reauthentications: [providerReauthentication],
  credentials: [identityCredentials],
  tables: [
    {
      name: 'identities',
      columns: ['user_id'],
      atExport: { part: 'identities' },
      atDeletion: 'cascade',
      atTakeOver: 'closed',
    },
    {
      name: 'disowned_identities',
      columns: ['user_id'],
      atExport: { none: 'identities of which the owner said that they are not theirs' },
      atDeletion: 'cascade',
      atTakeOver: { step: 'forgetDisowned', statement: forgetDisownedIdentities },
    },
  ],
  exportParts: [exportedIdentities],
  cleanUps: [{ rows: 'provider_tokens', change: 'ended', runBatch: revokeTokens }, resealTokens],
};
