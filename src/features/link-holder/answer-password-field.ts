import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../http/context.ts';
import { seemsSignedIn } from '../../http/page-caller.ts';
import type { FieldView } from '../../ui/page-view.ts';

/** The failures that somebody at the page of such a link can correct there. */
export const correctableByPassword = ['password_required', 'too_many_attempts', 'overloaded'];

/**
 * The field for the password on the page of a link that is not enough by itself; none for somebody who is signed in: a
 * guess that costs no round trip, and that the page takes back when the form is refused.
 */
export async function passwordField(
  c: RequestContext,
  deps: Deps,
  { label, hint }: { readonly label: string; readonly hint: string },
  isRetry: boolean,
): Promise<readonly FieldView[]> {
  if (!isRetry && (await seemsSignedIn({ c, deps }))) return [];
  return [{ name: 'password', label, type: 'password', autocomplete: 'current-password', hint }];
}
