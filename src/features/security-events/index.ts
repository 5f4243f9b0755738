export { recordEvent } from './fragments.ts';
