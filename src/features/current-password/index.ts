export { recordRefusal } from './check-password.sql.ts';
export { type VerifiedCaller, verifiedCaller, verifiedOwner } from './verified-caller.sql.ts';
export { type OwnerProof, withCurrentPassword } from './with-current-password.ts';
