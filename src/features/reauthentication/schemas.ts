import * as z from 'zod/mini';
import type { ReauthenticationMethod } from '../../joints/reauthentication.ts';

const known = new WeakMap<readonly ReauthenticationMethod[], ReturnType<typeof create>>();

/** The body of a re-authentication: exactly one proof, by the member of its method. */
export function reauthenticateRequest(methods: readonly ReauthenticationMethod[]) {
  const schema = known.get(methods) ?? create(methods);
  known.set(methods, schema);
  return schema;
}

function create(methods: readonly ReauthenticationMethod[]) {
  const proofs = methods.filter((method) => method.member !== null);
  const names = proofs.map(({ member }) => member);
  const members = proofs.map(({ member, schema }) => [member, z.optional(schema)] as const);
  return z
    .strictObject(Object.fromEntries(members))
    .check(z.refine((body) => Object.keys(body).length === 1, `Send exactly one of: ${names.join(', ')}.`));
}
