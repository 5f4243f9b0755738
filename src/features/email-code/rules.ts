import type { FeatureRules } from '../../feature.ts';
import { emailCodeReauthentication } from './reauthentication/email-code-reauthentication.ts';

export const rules: FeatureRules = {
  reauthentications: [emailCodeReauthentication],
};
