import { afterEach, expect, test, vi } from 'vitest';
import { expectProblem } from '../contract/expect-problem.ts';
import { recordLog } from '../contract/recorded-log.ts';
import { TestClient } from '../support/client.ts';

afterEach(() => vi.restoreAllMocks());

test('a page of a failure that cannot be made is a problem document, and one log line (LOG-06)', async () => {
  const lines = recordLog();
  vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => {
    throw new Error('no nonce');
  });
  const answer = await new TestClient().get('/auth/nothing');
  expectProblem(answer, 404, 'not_found');
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    event: 'internal_error',
    requestId: answer.json.requestId,
    cause: { message: 'no nonce' },
  });
});
