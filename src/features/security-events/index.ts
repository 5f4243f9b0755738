export { feature } from './feature.ts';
export { type EventKind, recordEvents, recordedByUs, recordedNow, recordedOnceNow } from './fragments.ts';
export { listSecurityEvents, type SecurityEvent } from './list/list-security-events.ts';
export { SecurityEventsQuery } from './schemas.ts';
