export { feature } from './feature.ts';
export { listSecurityEvents, type SecurityEvent } from './list/list-security-events.ts';
export { endedNow, recordEnded } from './record-ended.sql.ts';
export {
  type EventKind,
  recordEvents,
  recordedByUs,
  recordedNow,
  recordedOnceNow,
} from './record-events.sql.ts';
export { SecurityEventsQuery } from './schemas.ts';
