import type { Deps } from '../../../deps.ts';
import { commonErrors, isCode } from '../../../errors.ts';
import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import { clearHeldForm, type HeldForm, openHeldForm } from '../../../http/held-form.ts';
import type { PageModule, Site } from '../../../http/page.ts';
import { callerOfTokens, setTokensUnlessSet } from '../../../http/page-caller.ts';
import {
  answerView,
  type Fields,
  queryParameter,
  type SignedInRequest,
  seeOther,
} from '../../../http/page-request.ts';
import { answerFailure } from '../../../http/problem.ts';
import { receiveForm } from '../../../http/serve-page.ts';
import { validate } from '../../../http/validate.ts';
import { passGates } from '../../../joints/gate.ts';
import type { ElsewhereMethod, ProofMethod } from '../../../joints/reauthentication.ts';
import { onwardView } from '../../../ui/onward-view.tsx';
import { findGatedCaller } from '../../sessions/index.ts';
import { reauthenticate } from '../reauthenticate.ts';
import { reauthenticateRequest } from '../schemas.ts';
import { type Asking, confirmedView, confirmView } from './confirm-view.tsx';

const path = '/reauthenticate';

/**
 * Where somebody authenticates again, by each method that would do. The form that asked for it is held meanwhile, and is
 * done at once by whoever proves it here; whoever comes back from elsewhere presses a button, since a GET changes nothing.
 */
export function page(site: Site): PageModule<SignedInRequest> {
  return {
    show: (request) => {
      const [form, returnTo] = [queryParameter(request.c, 'form'), queryParameter(request.c, 'returnTo')];
      return ask(request, heldOf(site, form, returnTo), null);
    },

    receive(request, { form, returnTo, action, ...typed }) {
      const held = heldOf(site, form, returnTo);
      return orShowAgain(
        request,
        async () => {
          switch (action) {
            case 'prove':
              return prove(request, site, held, typed);
            case 'send':
              await (await sender(request)).send?.(request.deps, request.caller);
              return seeOther(pathOf(held), 'code_sent');
            case 'visit':
              return leave(request, held, typed.way ?? '');
            case 'continue':
              return goOn(request, site, held);
            default:
              throw commonErrors.malformed_form();
          }
        },
        (problem) => ask(request, held, problem),
        Object.fromEntries(
          ['invalid_credentials', 'invalid_code'].map((code) => [
            code,
            { field: Object.keys(typed)[0] ?? '', ...(code === 'invalid_credentials' && wrongPassword) },
          ]),
        ),
      );
    },
  };
}

const wrongPassword = {
  sentence: ({ account }: SignedInRequest['language']) => account.deletion.incorrect,
};

/** The form that waits, and the page that it belongs to. */
interface Held {
  readonly form: string | undefined;
  readonly returnTo: string;
}

/** Nothing else of what is asked for goes into an address. */
function heldOf({ pages }: Site, form: string | undefined, returnTo: string | undefined): Held {
  const found = pages.find(
    (candidate) => candidate.guard === 'account-holder' && candidate.path === returnTo && returnTo !== path,
  );
  // What is no id is one that no form has.
  const id = form === undefined || /^[\w-]{1,32}$/.test(form) ? form : '-';
  return { form: id, returnTo: found?.path ?? '/account' };
}

async function ask(request: SignedInRequest, held: Held, problem: FormProblem | null): Promise<Response> {
  const { deps, caller } = request;
  const asked = await askGates(request);
  const { returnTo: back } = held;
  const hidden = { ...held };
  if (asked.methods === null) {
    const form = await heldForm(request, held, asked.closingNumber);
    if (form === null && problem === null) return seeOther(back);
    const isDeletion = form?.path === '/account/delete';
    const view = confirmedView(
      request,
      { action: pathOf(held), hidden, back },
      { isWaiting: form !== null, isDeletion, problem },
    );
    return answerView(request, { ...view, shownAt: pathOf(held) }, problem?.status);
  }
  const { reauthentications } = await deps.loadRules();
  const named = reauthentications.filter(({ name }) => asked.methods.includes(name));
  const proofs = named.filter(
    (method): method is typeof method & ProofMethod<Deps> => method.member !== null,
  );
  const elsewhere = named.filter(
    (method): method is typeof method & ElsewhereMethod<Deps> => method.member === null,
  );
  const ways = await Promise.all(elsewhere.map((method) => method.ways(deps, caller)));
  const asking: Asking = { action: pathOf(held), hidden, back, proofs, ways: ways.flat(), problem };
  return answerView(request, { ...confirmView(request, asking), shownAt: pathOf(held) }, problem?.status);
}

/** What would do; where the last authentication is recent, the closing number under which a form is done (LNK-19). */
type Asked =
  | { readonly methods: readonly string[] }
  | { readonly methods: null; readonly closingNumber: number };

async function askGates({ deps, caller }: SignedInRequest): Promise<Asked> {
  try {
    const rules = await deps.loadRules();
    const row = passGates(rules, await findGatedCaller(deps.db, caller, rules));
    return { methods: null, closingNumber: row.closing_number };
  } catch (error) {
    if (!isCode(error, 'reauthentication_required')) throw error;
    const { methods } = error.options.members ?? {};
    return { methods: Array.isArray(methods) ? methods : [] };
  }
}

async function prove(request: SignedInRequest, site: Site, held: Held, typed: Fields): Promise<Response> {
  const { c, deps, caller } = request;
  const { reauthentications } = await deps.loadRules();
  const proofs = validate(reauthenticateRequest(reauthentications), typed);
  const tokens = await reauthenticate(deps, caller, proofs);
  const renewed = { ...request, caller: await callerOfTokens(request, tokens) };
  // Whatever comes of the form, the former tokens have ended.
  const response = await goOn(renewed, site, held).catch((error: unknown) => answerFailure(error, c));
  setTokensUnlessSet(response, tokens);
  return response;
}

/** Does what the held form asks for, or leads back to where it can be filled in again. */
async function goOn(request: SignedInRequest, site: Site, held: Held): Promise<Response> {
  // What was proved may not be enough, as a password where the account asks for a second factor.
  const asked = await askGates(request);
  if (asked.methods !== null) return seeOther(pathOf(held));
  const form = await heldForm(request, held, asked.closingNumber);
  const found = site.pages.find((candidate) => candidate.path === form?.path);
  if (form === null || found?.guard !== 'account-holder') {
    const notice = held.form === undefined ? 'confirmed' : 'form_expired';
    return seeOther(held.returnTo, notice);
  }
  const response = await receiveForm(found, site, { ...request, isContinued: true }, form.fields);
  if (response.headers.get('Location')?.startsWith(`${path}?`) !== true) clearHeldForm(response.headers);
  return response;
}

function heldForm(
  { c, deps, caller }: SignedInRequest,
  { form = '' }: Held,
  closingNumber: number,
): Promise<HeldForm | null> {
  return openHeldForm(c.req.raw.headers, deps, { ...caller, closingNumber }, form);
}

async function leave(request: SignedInRequest, held: Held, way: string): Promise<Response> {
  const { c, deps, caller, language } = request;
  const { reauthentications } = await deps.loadRules();
  for (const method of reauthentications) {
    if (method.member !== null) continue;
    const redirectTo = new URL(pathOf(held), deps.config.baseUrl).href;
    const { url, name, setCookies } = await method.begin(deps, caller, way, redirectTo);
    const { title, text, link, back } = language.signIn.onward;
    const words = { title: title(name), text, link: link(name), back };
    const response = await answerView(request, onwardView(words, url, pathOf(held)));
    setCookies(response.headers, c.req.raw.headers.get('Cookie'));
    return response;
  }
  throw commonErrors.malformed_form();
}

async function sender({ deps }: SignedInRequest): Promise<ProofMethod<Deps>> {
  const { reauthentications } = await deps.loadRules();
  for (const method of reauthentications)
    if (method.member !== null && method.send !== undefined) return method;
  throw commonErrors.malformed_form();
}

function pathOf({ form, returnTo }: Held): string {
  const parameters = new URLSearchParams({ ...(form !== undefined && { form }), returnTo });
  return `${path}?${parameters}`;
}
