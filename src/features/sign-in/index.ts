export { answerSignIn, setSignInCookies } from './answer-sign-in.ts';
export {
  completeSignIn,
  passwordSession,
  type SignedInRow,
  type SignIn,
  type SignInSettings,
} from './sign-in.ts';
