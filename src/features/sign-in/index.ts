export { answerSignIn, setSignInCookies } from './answer-sign-in.ts';
export { fromOpening, type OpeningRow, openingColumns, type SignedInRow } from './fragments.ts';
export { LoginRequest } from './schemas.ts';
export {
  type Challenge,
  completeOpening,
  passwordOpening,
  type SignIn,
  type SignInSettings,
} from './sign-in.ts';
