export { correctableByPassword, passwordField } from './answer-password-field.ts';
export { holderBucket, type LinkHolder, reserveHolderCheck } from './fragments.ts';
export { LinkHolderRequest } from './schemas.ts';
export { withHolderPassword } from './with-holder-password.ts';
