export { type EventPosition, type EventRow, eventsOf, recordEvent, recordedBefore } from './fragments.ts';
