import type { FeatureRules } from '../../feature.ts';
import { passwordReauthentication } from './current-password/reauthenticate.ts';

export const rules: FeatureRules = {
  reauthentications: [passwordReauthentication],
};
