export { readTrustedDevice, sendTrustedDevice } from './answer-trusted-device.ts';
export { feature } from './feature.ts';
export { type NewTrustedDevice, newTrustedDevice, trustedDeviceTokenFor } from './new-trusted-device.ts';
export { presentedTrustedDevice } from './schemas.ts';
export { isTrustedBy, noteTrustUsed, trustDevice } from './trust-device.sql.ts';
export type { TrustEntry } from './trusted-device-token.ts';
