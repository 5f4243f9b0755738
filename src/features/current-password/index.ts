export { type VerifiedCaller, verifiedCaller } from './fragments.ts';
export { recordRefusal } from './queries.ts';
export { type OwnerProof, withCurrentPassword } from './with-current-password.ts';
