export {
  type EventPosition,
  type EventRow,
  eventsOf,
  exportedEvents,
  forgetOrigins,
  recordEvent,
  recordedBefore,
} from './fragments.ts';
export { deleteOldEvents, shortenOldAddresses } from './queries.ts';
