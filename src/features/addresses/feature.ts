import type { Feature } from '../../feature.ts';
import { fillAddressKeys } from './queries.ts';

export const feature: Feature = {
  cleanUps: [{ rows: 'users.address_key', change: 'renewed', runBatch: fillAddressKeys }],
};
