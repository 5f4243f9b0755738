import { commonErrors } from '../../../errors.ts';

/** The parameters of an authorization response (RFC 6749 section 4.1.2, RFC 9207). */
const protocolNames = ['state', 'code', 'iss', 'error'] as const;

/** An authorization response, wherever it came. */
export interface CallbackParameters {
  readonly state: string;
  /** The parameters of the protocol alone. */
  readonly parameters: URLSearchParams;
  readonly form: Readonly<Record<string, string>>;
}

/**
 * Reads what a provider sent: of a GET the query, of a POST the form. A parameter that comes twice, or in the other place,
 * is refused, so that no two readers could take it for different values (OAU-13).
 * @param form the fields of a POST; null for a GET
 * @throws AuthError validation_failed
 */
export function callbackParameters(
  query: URLSearchParams,
  form: Readonly<Record<string, string>> | null,
): CallbackParameters {
  const parameters = new URLSearchParams();
  for (const name of protocolNames) {
    const inQuery = query.getAll(name);
    if (inQuery.length > (form === null ? 1 : 0)) throw refused(name);
    const value = form === null ? inQuery[0] : form[name];
    if (value !== undefined) parameters.set(name, value);
  }
  return { state: parameters.get('state') ?? '', parameters, form: form ?? {} };
}

function refused(name: string) {
  const message = 'This parameter must come once, and by the way that the provider uses.';
  return commonErrors.validation_failed({ errors: [{ pointer: `/${name}`, code: 'invalid', message }] });
}
