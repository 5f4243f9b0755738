export { answerPageSignIn } from './answer-page-sign-in.ts';
export { answerSignIn, setSignInCookies } from './answer-sign-in.ts';
export {
  type Challenge,
  type FirstStep,
  type PresentedChallenge,
  readChallenge,
} from './challenge/challenge.ts';
export { fromOpenChallenge, issueChallenge } from './challenge/issue-challenge.sql.ts';
export { openingSteps } from './opening-steps.sql.ts';
export { LoginRequest } from './schemas.ts';
export * from './settle-sign-in.sql.ts';
export * from './sign-in.ts';
export { unlessTrusted } from './unless-trusted.sql.ts';
