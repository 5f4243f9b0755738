export { correctableByPassword, passwordField } from './answer-password-field.ts';
export { holderBucket, type LinkHolder, reserveHolderCheck } from './reserve-holder-check.sql.ts';
export { LinkHolderRequest } from './schemas.ts';
export { withHolderPassword } from './with-holder-password.ts';
