import type { FeatureRules } from '../../feature.ts';
import { passwordReauthentication } from './own-password/reauthenticate.ts';

export const rules: FeatureRules = {
  reauthentications: [passwordReauthentication],
};
