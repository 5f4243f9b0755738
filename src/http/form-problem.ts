import type { AuthError } from '../errors.ts';
import type { PageLanguage } from '../languages/page-language.ts';
import type { FormRefusal } from '../ui/page-view.ts';
import type { PageRequest } from './page-request.ts';
import { logFailure, setFailureHeaders, toAuthError } from './problem.ts';
import { fieldSentence, problemSentence } from './problem-sentence.ts';

/** Why a form was refused, and how that is answered. */
export interface FormProblem extends FormRefusal {
  readonly code: string;
  readonly status: number;
}

/** The field at which a form tells a failure of a code, and in which words, where they are others than elsewhere. */
export type ToldAt = Readonly<
  Record<string, { readonly field: string; readonly sentence?: (language: PageLanguage) => string }>
>;

/** Failures that another page answers. */
const answeredElsewhere = ['unauthenticated', 'reauthentication_required', 'malformed_form'];

/**
 * Runs what a form asks for; where it fails, the form is shown again with the reason, so that nothing that was typed is
 * lost, whether its sender or the service is to blame.
 * @param toldAt where a code belongs, where the failure itself does not say
 * @throws AuthError of which the kit of pages knows the answer: somebody is signed out, or has to authenticate again
 */
export async function orShowAgain(
  request: PageRequest,
  run: () => Promise<Response>,
  show: (problem: FormProblem) => Promise<Response>,
  toldAt: ToldAt = {},
): Promise<Response> {
  try {
    return await run();
  } catch (thrown) {
    const error = toAuthError(thrown);
    if (answeredElsewhere.includes(error.code)) throw error;
    logFailure(error, request.c);
    const response = await show(problemOf(error, request, toldAt));
    for (const [name, value] of Object.entries(error.options.headers ?? {}))
      response.headers.set(name, value);
    setFailureHeaders(response.headers, error);
    return response;
  }
}

/** What a form says of a failure. */
export function problemOf(
  error: AuthError,
  { c, language }: Pick<PageRequest, 'c' | 'language'>,
  toldAt: ToldAt = {},
): FormProblem {
  const told = toldAt[error.code];
  const plain = told?.sentence?.(language) ?? problemSentence(error, language);
  // By this id the log has what happened.
  const reference = ` ${language.errorPage.reference}: ${c.get('requestId')}`;
  const sentence = error.code === 'internal_error' ? plain + reference : plain;
  const isPerField = error.code === 'validation_failed';
  const named = (error.options.errors ?? []).map(
    (one) => [one.pointer.slice(1), isPerField ? fieldSentence(one, language) : sentence] as const,
  );
  const fields = Object.fromEntries(told === undefined ? named : [[told.field, sentence]]);
  return { code: error.code, status: error.spec.status, sentence, fields };
}
