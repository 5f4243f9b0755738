import * as z from 'zod/mini';

/** Makes a schema for each least length of passwords, in code points, and keeps it: a service has one. */
export function perMinLength<T>(create: (minLength: number) => T): (minLength: number) => T {
  const made = new Map<number, T>();
  return (minLength) => {
    const schema = made.get(minLength) ?? create(minLength);
    made.set(minLength, schema);
    return schema;
  };
}

/** Checks that the new password, the member of this name, is repeated as `confirmPassword`. */
export function isRepeated<Name extends string>(name: Name) {
  const problem = { path: ['confirmPassword'], params: { code: 'mismatch' } };
  return z.refine<Readonly<Record<Name | 'confirmPassword', string>>>(
    (body) => body[name] === body.confirmPassword,
    problem,
  );
}
