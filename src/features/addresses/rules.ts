import type { FeatureRules } from '../../feature.ts';
import { fillAddressKeys } from './fill-address-keys.sql.ts';

export const rules: FeatureRules = {
  cleanUps: [{ rows: 'users.address_key', change: 'renewed', runBatch: fillAddressKeys }],
};
