export { feature } from './feature.ts';
export {
  type EventKind,
  type EventPosition,
  type EventRow,
  eventsOf,
  recordEvent,
  recordEvents,
  recordedByUs,
} from './fragments.ts';
