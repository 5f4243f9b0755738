import { type PageRequest, queryParameter } from './page-request.ts';

/**
 * Why a visit to a provider came to nothing, by the code that it brought back; null where it brought none. Of the address
 * nothing is shown, and no other code is told (HDR-04).
 * @param purpose whether the visit was to sign in, or for an account that somebody is signed in to
 */
export function broughtSentence(
  { c, language }: Pick<PageRequest, 'c' | 'language'>,
  purpose: 'signIn' | 'account',
): string | null {
  const code = queryParameter(c, 'error');
  if (code === undefined) return null;
  const { otherwise, ...told } = language.fromProvider[purpose];
  const sentences: Readonly<Record<string, string>> = told;
  return Object.hasOwn(sentences, code) ? (sentences[code] ?? otherwise) : otherwise;
}
