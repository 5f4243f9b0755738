export { answerPageSignIn } from './answer-page-sign-in.ts';
export { answerSignIn, setSignInCookies } from './answer-sign-in.ts';
export {
  type Challenge,
  type FirstStep,
  type PresentedChallenge,
  readChallenge,
} from './challenge/challenge.ts';
export { fromOpenChallenge, issueChallenge } from './challenge/fragments.ts';
export {
  fromOpening,
  type OpeningRow,
  openingColumns,
  type SignedInRow,
  settleSignIn,
  signedIn,
  tellNewDevice,
} from './fragments.ts';
export { openingSteps } from './opening/fragments.ts';
export { LoginRequest } from './schemas.ts';
export {
  completedBy,
  completeOpening,
  passwordOpening,
  prepareOpening,
  type SignIn,
  type SignInOpening,
  type SignInSettings,
} from './sign-in.ts';
export { unlessTrusted } from './trust/fragments.ts';
