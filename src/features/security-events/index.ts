export { feature } from './feature.ts';
export {
  type EventKind,
  type EventPosition,
  type EventRow,
  eventsOf,
  recordEvent,
  recordEvents,
  recordedBefore,
} from './fragments.ts';
