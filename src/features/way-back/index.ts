export { issueWayBack } from './fragments.ts';
export type { FoundAccount, WayBackToken } from './queries.ts';
export { findWayBack, isOpen } from './queries.ts';
export { takeBack } from './take-back.ts';
export { unlessTaken } from './unless-taken.ts';
