export { readPresentedDevice, sendDeviceToken } from './answer-device.ts';
export type { PresentedDevice } from './device-token.ts';
export { knownDeviceId, ownDeviceId } from './fragments.ts';
export { deviceOfToken, deviceTokenFor } from './known-device.ts';
