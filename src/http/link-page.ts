import type * as z from 'zod/mini';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import type { VisitorIds } from '../joints/visitor-reader.ts';
import type { PageLanguage } from '../languages/page-language.ts';
import { linkView, messageView } from '../ui/link-view.tsx';
import type { FieldView, FormRefusal, PageView } from '../ui/page-view.ts';
import { homeOf } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { problemOf } from './form-problem.ts';
import type { PageModule } from './page.ts';
import { callerOfForm, setTokensUnlessSet } from './page-caller.ts';
import { answerView, type Fields, type PageRequest } from './page-request.ts';
import { clearPageTarget, rememberedTarget } from './page-target.ts';
import { answerFailure } from './problem.ts';
import { validate } from './validate.ts';

/** A page that the link of a mail opens. */
interface LinkPageSpec<S extends z.core.$ZodType> {
  readonly name: keyof PageLanguage['pages'];
  /** The schema of the form: `token` and the fields. */
  readonly form: S | ((deps: Deps) => S);
  /** The fields of the form; `isRetry` when the form was refused and is shown again. */
  readonly fields?: (
    c: RequestContext,
    deps: Deps,
    language: PageLanguage,
    isRetry: boolean,
  ) => Promise<readonly FieldView[]>;
  /** Whether it matters who is signed in: their tokens are exchanged first where the access token has died. */
  readonly isForCaller?: true;
  /** The codes of failures that the user can correct on the same page. */
  readonly correctable?: readonly string[];
}

/** A submitted form. */
interface SubmittedForm<Body> {
  readonly deps: Deps;
  readonly body: Body;
  /** Whoever is signed in, where the page asks; the session may have ended. */
  readonly caller: VisitorIds | null;
}

/**
 * Makes the page of a link, with a button, and the form behind it. Opening the page consumes nothing and costs no
 * round trip, so that software that opens links by itself does no harm (EML-05); the form works without JavaScript.
 * `submit` does the work; the function that it returns sets cookies on the response, and a response takes its place.
 */
export function linkPage<S extends z.core.$ZodType>(
  spec: LinkPageSpec<S>,
  submit: (
    c: RequestContext,
    form: SubmittedForm<z.output<S>>,
  ) => Promise<((response: Response) => void) | Response | undefined>,
): PageModule<PageRequest> {
  const { name } = spec;

  async function view(request: PageRequest, token: string, refusal: FormRefusal | null): Promise<PageView> {
    const { c, deps, language } = request;
    const fields = (await spec.fields?.(c, deps, language, refusal !== null)) ?? [];
    return linkView({ text: language.pages[name], path: c.req.path, token, fields, refusal });
  }

  async function take(request: PageRequest, fields: Fields, caller: VisitorIds | null): Promise<Response> {
    const { c, deps, language } = request;
    const schema = typeof spec.form === 'function' ? spec.form(deps) : spec.form;
    try {
      const done = await submit(c, { deps, body: validate(schema, fields), caller });
      if (done instanceof Response) return done;
      const response = await answerView(request, message(request, language.pages[name].done));
      done?.(response);
      return response;
    } catch (error) {
      if (!isCorrectable(error, spec.correctable)) throw error;
      const problem = problemOf(error, request);
      return answerView(request, await view(request, fields.token ?? '', problem), error.spec.status);
    }
  }

  return {
    async show(request) {
      const token = request.c.req.query('token');
      if (token) return answerView(request, await view(request, token, null));
      const { pages, errorPage } = request.language;
      const text = { title: pages[name].title, paragraphs: [errorPage.incompleteLink] };
      return answerView(request, message(request, text), 400);
    },

    async receive(request, fields) {
      const { c, deps } = request;
      const { caller, refreshed } = spec.isForCaller ? await callerOfForm(request) : nobody;
      const response = await take(request, fields, caller).catch((error: unknown) => answerFailure(error, c));
      if (refreshed !== null) setTokensUnlessSet(response, refreshed);
      // A page that is done, or the second step, leads to it.
      if (response.status < 400 && rememberedTarget(c.req.raw.headers, deps.config) !== null)
        clearPageTarget(response.headers);
      return response;
    },
  };
}

const nobody = { caller: null, refreshed: null };

/** A page that says something and leads home. */
function message(
  { c, deps, language }: PageRequest,
  text: { readonly title: string; readonly paragraphs: readonly string[] },
): PageView {
  // The target of a registration that waited for this, where the browser remembers one.
  const home = rememberedTarget(c.req.raw.headers, deps.config)?.href ?? homeOf(deps.config);
  return messageView(text, home === null ? null : { href: home, text: language.frame.onward });
}

function isCorrectable(error: unknown, codes: readonly string[] = []): error is AuthError {
  return error instanceof AuthError && ['validation_failed', ...codes].includes(error.code);
}
