import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { TokenRequest } from '../../../src/features/sessions/schemas.ts';
import { isTokenRequest } from '../../../src/features/sessions/token-request.ts';

/** Whether the two agree, and let the same pass. */
function expectAgreement(value: unknown): void {
  const { success, data } = z.safeParse(TokenRequest, value);
  expect(isTokenRequest(value), JSON.stringify(value)).toBe(success);
  if (success) expect(data).toEqual(value);
}

test.each(
  [
    {},
    { refreshToken: 'x' },
    { refreshToken: 'x'.repeat(1024) },
    { refreshToken: 'x'.repeat(1025) },
    { refreshToken: '' },
    { refreshToken: null },
    { refreshToken: 1 },
    { refreshToken: ['x'] },
    { refreshToken: 'x', more: 'x' },
    { refreshtoken: 'x' },
    { constructor: 'x' },
    [],
    ['x'],
    null,
    'x',
    1,
    true,
  ].map((value) => [value]),
)('what is known without the schema passes it, and nothing else does: %j', (value) => {
  expectAgreement(value);
});

test('whatever JSON comes, both say the same (INP-03)', () => {
  const near = fc.record(
    { refreshToken: fc.oneof(fc.string(), fc.jsonValue()), more: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near), (value) =>
      expectAgreement(JSON.parse(JSON.stringify(value))),
    ),
  );
});
