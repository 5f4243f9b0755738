export {
  type EventPosition,
  type EventRow,
  eventsOf,
  exportedEvents,
  forgetRequestMetadata,
  recordEvent,
  recordedBefore,
} from './fragments.ts';
export { deleteOldEvents, shortenOldAddresses } from './queries.ts';
