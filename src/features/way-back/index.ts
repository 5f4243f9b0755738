export type { FoundAccount, WayBackToken } from './give-address-back.sql.ts';
export { findWayBack, isOpen } from './give-address-back.sql.ts';
export { issueWayBack } from './issue-way-back.sql.ts';
export { takeBack } from './take-back.ts';
export { unlessTaken } from './unless-taken.ts';
