import type { FeatureRules } from '../../feature.ts';
import { fillAddressKeys } from './queries.ts';

export const rules: FeatureRules = {
  cleanUps: [{ rows: 'users.address_key', change: 'renewed', runBatch: fillAddressKeys }],
};
