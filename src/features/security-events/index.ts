export { feature } from './feature.ts';
export { listSecurityEvents, type SecurityEvent, toSecurityEvents } from './list/list-security-events.ts';
export { endedNow, recordEnded } from './record-ended.sql.ts';
export {
  type EventKind,
  type EventRow,
  eventColumns,
  fromOwnEvent,
  recordEvents,
  recordedByUs,
  recordedNow,
  recordedOnceNow,
} from './record-events.sql.ts';
export { SecurityEventsQuery } from './schemas.ts';
