export { readPresentedDevice, sendDeviceToken } from './answer-device.ts';
export type { PresentedDevice } from './device-token.ts';
export { knownDeviceId, ownDeviceId } from './known-device.sql.ts';
export { deviceOfToken, deviceTokenFor } from './known-device.ts';
