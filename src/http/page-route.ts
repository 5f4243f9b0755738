import type * as z from 'zod/mini';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import type { Language, PageName } from '../languages/language.ts';
import type { FieldView, PageView } from '../ui/page-view.ts';
import { answerPage } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { readFormBody } from './form-body.ts';
import { type OriginTrust, refuseForeignOrigin } from './guard.ts';
import { pageLanguage } from './page-language.ts';
import { problemSentence } from './problem-sentence.ts';
import { markAsMadeByKit, type Route, requireDeps } from './route.ts';
import { validate } from './validate.ts';

/** A page that the link of a mail opens. */
interface LinkPageSpec<S extends z.core.$ZodType> {
  readonly path: `/auth/${string}`;
  readonly name: PageName;
  /** The schema of the form: `token` and the fields. */
  readonly form: S | ((deps: Deps) => S);
  /** The fields of the form; `isRetry` when the form was refused and is shown again. */
  readonly fields?: (
    c: RequestContext,
    deps: Deps,
    language: Language,
    isRetry: boolean,
  ) => Promise<readonly FieldView[]>;
  /** The codes of failures that the user can correct on the same page. */
  readonly correctable?: readonly string[];
}

/** A submitted form. */
interface SubmittedForm<Body> {
  readonly deps: Deps;
  readonly body: Body;
  readonly originTrust: OriginTrust;
}

/**
 * Defines the page of a link, with a button, and the form behind it. Opening the page consumes nothing and costs no
 * round trip, so that software that opens links by itself does no harm (EML-05); the form works without JavaScript.
 * `submit` does the work; the function that it returns sets cookies on the response.
 */
export function defineLinkPage<S extends z.core.$ZodType>(
  spec: LinkPageSpec<S>,
  submit: (
    c: RequestContext,
    form: SubmittedForm<z.output<S>>,
  ) => Promise<((response: Response) => void) | undefined>,
): Route[] {
  const { path, name } = spec;

  async function view(c: RequestContext, token: string, problem: string | null): Promise<PageView> {
    const deps = requireDeps(c);
    const language = pageLanguage(c);
    const { title, paragraphs, submit: button } = language.pages[name];
    const fields = (await spec.fields?.(c, deps, language, problem !== null)) ?? [];
    const form = { action: path, hidden: { token }, fields, submit: button, problem };
    return { lang: language.tag, title, paragraphs, form };
  }

  async function show(c: RequestContext): Promise<Response> {
    const token = c.req.query('token');
    if (token) return answerPage(200, await view(c, token, null));
    const { tag, pages, errorPage } = pageLanguage(c);
    return answerPage(400, { lang: tag, title: pages[name].title, paragraphs: [errorPage.incompleteLink] });
  }

  async function receive(c: RequestContext): Promise<Response> {
    const deps = requireDeps(c);
    const originTrust = refuseForeignOrigin(c, deps);
    const fields = await readFormBody(c.req.raw);
    const schema = typeof spec.form === 'function' ? spec.form(deps) : spec.form;
    try {
      const decorate = await submit(c, { deps, body: validate(schema, fields), originTrust });
      const { tag, pages } = pageLanguage(c);
      const response = answerPage(200, { lang: tag, ...pages[name].done });
      decorate?.(response);
      return response;
    } catch (error) {
      if (!isCorrectable(error, spec.correctable)) throw error;
      const problem = problemSentence(error, pageLanguage(c));
      return answerPage(error.spec.status, await view(c, fields.token ?? '', problem));
    }
  }

  const page = { path, guard: 'anyone', medium: 'page', isSensitive: false, hasBody: false } as const;
  return [
    markAsMadeByKit({ ...page, method: 'GET', limit: 'general', handle: show }),
    markAsMadeByKit({ ...page, method: 'POST', limit: 'credential', handle: receive }),
  ];
}

/** A page that is there in development alone and takes nothing: its guard lets nobody see it elsewhere. */
export function defineDeveloperPage(
  path: string,
  show: (c: RequestContext, deps: Deps) => Promise<Response>,
): Route {
  return markAsMadeByKit({
    method: 'GET',
    path,
    guard: 'developer',
    limit: 'general',
    medium: 'page',
    isSensitive: false,
    hasBody: false,
    handle: async (c) => show(c, requireDeps(c)),
  });
}

/**
 * A page that is there in development alone, and takes what its own forms post: their fields by `form`, and never from a
 * page of a foreign origin.
 */
export function defineDeveloperFormPage<S extends z.core.$ZodType>(
  path: string,
  form: S,
  page: {
    readonly show: (c: RequestContext, deps: Deps) => Promise<Response>;
    readonly receive: (c: RequestContext, form: SubmittedForm<z.output<S>>) => Promise<Response>;
  },
): Route[] {
  const shown = defineDeveloperPage(path, page.show);
  const handle = async (c: RequestContext): Promise<Response> => {
    const deps = requireDeps(c);
    const originTrust = refuseForeignOrigin(c, deps);
    const body = validate(form, await readFormBody(c.req.raw));
    return page.receive(c, { deps, body, originTrust });
  };
  return [shown, markAsMadeByKit({ ...shown, method: 'POST', limit: 'credential', handle })];
}

function isCorrectable(error: unknown, codes: readonly string[] = []): error is AuthError {
  return error instanceof AuthError && ['validation_failed', ...codes].includes(error.code);
}
