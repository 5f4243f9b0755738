import { broughtSentence } from '../../../http/brought-sentence.ts';
import type { FormProblem } from '../../../http/form-problem.ts';
import type { SignedInRequest } from '../../../http/page-request.ts';
import type { ProofMethod, ReauthenticationMethod, Way } from '../../../joints/reauthentication.ts';
import { Form } from '../../../ui/form.tsx';
import type { FieldView, PageView } from '../../../ui/page-view.ts';
import { Alert, Card, LinkLine } from '../../../ui/pieces.tsx';

interface Posting {
  /** Where the forms are posted. */
  readonly action: string;
  readonly hidden: Readonly<Record<string, string | undefined>>;
  /** The page that asked. */
  readonly back: string;
}

/** What is asked for. */
export interface Asking extends Posting {
  readonly proofs: readonly (ReauthenticationMethod & ProofMethod)[];
  readonly ways: readonly Way[];
  readonly problem: FormProblem | null;
}

/** Asks for a fresh authentication, by each method that would do. */
export function confirmView(request: SignedInRequest, asking: Asking): PageView {
  const { language } = request;
  const { confirm: text } = language.signIn;
  const { action, hidden, back, proofs, ways, problem } = asking;
  const fieldOf = (member: string) => problem !== null && member in problem.fields;
  const isTold = proofs.some(({ member }) => fieldOf(member));
  const told = problem === null ? broughtSentence(request, 'account') : problem.sentence;
  const body = (
    <Card>
      <p>{hidden.form === undefined ? text.introWithoutForm : text.intro}</p>
      {told && !isTold && <Alert text={told} />}
      {proofs.map((method, index) => (
        <>
          {index > 0 && <div class="or">{language.signIn.or}</div>}
          {method.send && (
            <Form
              id={`send-${method.member}`}
              {...{ action, hidden: { ...hidden, action: 'send' }, submit: text.sendCode, look: 'plain' }}
            />
          )}
          <Form
            id={method.member}
            action={action}
            hidden={{ ...hidden, action: 'prove' }}
            fields={[proofField(language, method)]}
            submit={text.submit}
            refusal={fieldOf(method.member) ? problem : null}
            isFocused={index === 0 && problem === null}
          />
        </>
      ))}
      {proofs.length > 0 && ways.length > 0 && <div class="or">{language.signIn.or}</div>}
      {ways.map(({ id, name }) => (
        <Form
          id={`visit-${id}`}
          {...{ action, hidden: { ...hidden, action: 'visit', way: id }, look: 'plain' }}
          submit={text.atProvider(name)}
        />
      ))}
      {proofs.length === 0 && ways.length === 0 && <p>{text.none}</p>}
      <LinkLine href={back} text={text.back} />
    </Card>
  );
  return { title: text.title, body };
}

/** The form that waits, if any, and why the last proof was refused. */
interface Waiting {
  readonly isWaiting: boolean;
  readonly isDeletion: boolean;
  readonly problem: FormProblem | null;
}

/** Goes on with the form that waited, for whoever came back from elsewhere; or says why a proof that nothing asked for failed. */
export function confirmedView(
  { language }: SignedInRequest,
  { action, hidden, back }: Posting,
  { isWaiting, isDeletion, problem }: Waiting,
): PageView {
  const { confirm: text } = language.signIn;
  const body = (
    <Card>
      {problem === null ? <p role="status">{text.confirmed}</p> : <Alert text={problem.sentence} />}
      {isWaiting && (
        <Form
          id="continue"
          action={action}
          hidden={{ ...hidden, action: 'continue' }}
          // What cannot be undone is said before it is done.
          submit={isDeletion ? language.account.deletion.submit : text.goOn}
          {...(isDeletion && { look: 'danger' as const })}
        />
      )}
      <LinkLine href={back} text={text.back} />
    </Card>
  );
  return { title: text.title, body };
}

function proofField({ signIn }: SignedInRequest['language'], { member }: ProofMethod): FieldView {
  const { confirm: text } = signIn;
  switch (member) {
    case 'password':
      return { name: member, label: text.password, type: 'password', autocomplete: 'current-password' };
    case 'emailCode':
      return {
        ...{ name: member, label: text.emailCode, type: 'code', autocomplete: 'one-time-code' },
        hint: text.emailCodeHint,
      };
    case 'backupCode':
      return { name: member, label: text.backupCode, type: 'text', autocomplete: 'off' };
    default:
      return { name: member, label: text.code, type: 'code', autocomplete: 'one-time-code' };
  }
}
