export { type VerifiedCaller, verifiedCaller, verifiedOwner } from './fragments.ts';
export { recordRefusal } from './queries.ts';
export { type OwnerProof, withCurrentPassword } from './with-current-password.ts';
