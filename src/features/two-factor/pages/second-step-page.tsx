import { challengeCookieName, clearChallengeCookie } from '../../../http/auth-cookies.ts';
import { readCookie } from '../../../http/cookies.ts';
import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { answerView, type PageRequest, queryParameter } from '../../../http/page-request.ts';
import { type PageTarget, pageTarget, withTarget } from '../../../http/page-target.ts';
import { validate } from '../../../http/validate.ts';
import { Checkbox, Form } from '../../../ui/form.tsx';
import type { FieldView, PageView } from '../../../ui/page-view.ts';
import { ButtonLink, Card, LinkLine } from '../../../ui/pieces.tsx';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { answerPageSignIn, type PresentedChallenge, readChallenge } from '../../sign-in/index.ts';
import { readTrustedDevice, sendTrustedDevice } from '../../trusted-devices/index.ts';
import { proofOf } from '../check/proof.ts';
import { SecondStepForm } from '../schemas.ts';
import { completeSignIn } from '../second-step/complete-sign-in.ts';

const path = '/login/two-factor';
const backupPath = `${path}?way=backup`;

/** The second step of a sign-in, by the challenge in its cookie. */
export const page: PageModule<PageRequest> = {
  async show(request) {
    const target = pageTarget(request.deps.config, queryParameter(request.c, 'redirectTo'));
    if (presentedChallenge(request) === null) return answerView(request, expiredView(request, target));
    const isBackup = queryParameter(request.c, 'way') === 'backup';
    return answerView(request, stepView(request, target, { isBackup, isTrusted: false, problem: null }));
  },

  receive(request, { redirectTo, ...typed }) {
    const { c, deps } = request;
    const target = pageTarget(deps.config, redirectTo);
    return orShowAgain(
      request,
      async () => {
        const { trustDevice, ...proof } = validate(SecondStepForm, typed);
        const { signIn, trustedDeviceToken } = await completeSignIn(deps, {
          challenge: presentedChallenge(request),
          ...{ proof: proofOf(proof), transport: 'cookie', isTrusted: trustDevice === 'true' },
          device: readPresentedDevice(c, deps),
          trusted: readTrustedDevice(c, deps),
        });
        const response = answerPageSignIn(signIn, target);
        clearChallengeCookie(response.headers);
        if (trustedDeviceToken !== null) sendTrustedDevice(response, trustedDeviceToken);
        return response;
      },
      (problem) => {
        const isOver = problem.code === 'challenge_expired';
        const isBackup = typed.backupCode !== undefined;
        const isTrusted = typed.trustDevice !== undefined;
        const view = isOver
          ? expiredView(request, target)
          : stepView(request, target, { isBackup, isTrusted, problem });
        return answerView(request, view, problem.status);
      },
      { invalid_code: { field: typed.backupCode === undefined ? 'code' : 'backupCode' } },
    );
  },
};

/** What the browser brings along. Whether it is still open, the database knows alone. */
function presentedChallenge({ c, deps }: PageRequest): PresentedChallenge | null {
  const cookie = readCookie(c.req.raw.headers.get('Cookie'), challengeCookieName);
  return readChallenge(deps.keyring, { body: undefined, cookie });
}

interface Step {
  readonly isBackup: boolean;
  readonly isTrusted: boolean;
  readonly problem: FormProblem | null;
}

function stepView(
  { language }: PageRequest,
  target: PageTarget,
  { isBackup, isTrusted, problem }: Step,
): PageView {
  const { twoFactor: text } = language.signIn;
  const { redirectTo, formTarget } = target;
  const code: FieldView = { name: 'code', label: text.code, type: 'code', autocomplete: 'one-time-code' };
  const backupCode: FieldView = {
    ...{ name: 'backupCode', label: text.backupCode, type: 'text', autocomplete: 'off' },
  };
  const body = (
    <Card>
      <p>{isBackup ? text.backupIntro : text.intro}</p>
      <Form
        id="second-step"
        action={path}
        hidden={{ redirectTo }}
        fields={[isBackup ? backupCode : code]}
        submit={text.submit}
        refusal={problem}
        isFocused
      >
        <Checkbox name="trustDevice" label={text.trust} hint={text.trustHint} isChecked={isTrusted} />
      </Form>
      <p class="muted">
        {!isBackup && `${text.noApp} `}
        <a href={withTarget(isBackup ? path : backupPath, target)}>
          {isBackup ? text.useApp : text.useBackupCode}
        </a>
      </p>
      <LinkLine href={withTarget('/login', target)} text={text.startAgain} />
    </Card>
  );
  const shownAt = withTarget(isBackup ? backupPath : path, target);
  return { title: text.title, body, formTarget, shownAt };
}

function expiredView({ language }: PageRequest, target: PageTarget): PageView {
  const { title, expired } = language.signIn.twoFactor;
  const body = (
    <Card>
      <p role="alert">{expired}</p>
      <p>
        <ButtonLink href={withTarget('/login', target)} text={language.signIn.login.title} />
      </p>
    </Card>
  );
  return { title, body };
}
