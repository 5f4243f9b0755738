export { recordEvent, recordedBefore } from './fragments.ts';
