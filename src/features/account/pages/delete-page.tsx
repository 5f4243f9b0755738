import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { leadSignedOut } from '../../../http/page-caller.ts';
import { answerView, type SignedInRequest } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import type { FieldView } from '../../../ui/page-view.ts';
import { Card, LinkLine } from '../../../ui/pieces.tsx';
import { deleteAccount } from '../deletion/delete-account.ts';
import { getMe } from '../get-me.ts';
import { DeleteAccountRequest } from '../schemas.ts';

/** Deletes the account, by its password where it has one. */
export const page: PageModule<SignedInRequest> = {
  show: (request) => showForm(request, null),

  receive: (request, typed) =>
    orShowAgain(
      request,
      async () => {
        const { deps, caller } = request;
        const { password } = validate(DeleteAccountRequest, typed);
        await deleteAccount(deps, { caller, password });
        return leadSignedOut(deps, 'account_deleted');
      },
      (problem) => showForm(request, problem),
      { invalid_credentials: { field: 'password', sentence: ({ account }) => account.deletion.incorrect } },
    ),
};

async function showForm(request: SignedInRequest, refusal: FormProblem | null): Promise<Response> {
  const { deps, caller, language } = request;
  const { user } = await getMe(deps, caller);
  const { confirmTitle, warning, password, submit, back } = language.account.deletion;
  const proof: FieldView = {
    ...{ name: 'password', label: password, type: 'password', autocomplete: 'current-password' },
  };
  const body = (
    <Card>
      <p>{warning(user.email)}</p>
      <Form
        id="delete"
        action="/account/delete"
        fields={user.hasPassword ? [proof] : []}
        username={user.email}
        submit={submit}
        look="danger"
        refusal={refusal}
        isFocused
      />
      <LinkLine href="/account" text={back} />
    </Card>
  );
  const view = { title: confirmTitle, body };
  return answerView(request, view, refusal?.status);
}
