import { expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';
import { callers } from './callers.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { exampleCall, guardOf, registeredRoutes } from './route-table.ts';

const account = await insertAccount(new TestClient());

function refusedBy(key: string) {
  const [method = ''] = key.split(' ');
  // A page may make its visitor read whatever they can read.
  return callers[guardOf(key)].refused.filter(([, , , code]) => method !== 'GET' || code !== 'csrf_rejected');
}

test.each(registeredRoutes.filter((key) => refusedBy(key).length > 0))(
  '%s refuses whom its guard refuses, before anything is asked of the database (SES-13, CSR-06, CRN-01)',
  async (key) => {
    recordLog();
    const [method, path, { body, form }] = exampleCall(key, account);
    for (const [who, sent, status, code] of refusedBy(key)) {
      const options = { ...(body !== undefined && { body }), ...(form && { form }), ...sent(account) };
      const answer = await new TestClient().call(method, path, options);
      expectProblem(answer, status, code, who);
      expect([answer.roundTrips, answer.setCookies], who).toEqual([0, []]);
    }
  },
);

test('each guard has somebody whom it refuses, but the one whose routes tell it by their page', () => {
  const without = Object.entries(callers).filter(([, { refused }]) => refused.length === 0);
  expect(without.map(([guard]) => guard)).toEqual(['identity-provider']);
});
