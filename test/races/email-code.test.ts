import { afterEach, expect, vi } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { presentedEmailCodes } from '../../src/features/email-code/email-code.ts';
import { renewByEmailCode } from '../../src/features/email-code/reauthentication/renew-by-email-code.sql.ts';
import {
  codeFor,
  codesOf,
  endWindow,
  eventsOf,
  providerUser,
  reauthenticateBy,
  requestCode,
} from '../features/email-code/provider-account.ts';
import { keyringOf } from '../mail/outbox-rows.ts';
import { openForFlow, query } from '../support/database.ts';
import { waitingMailsTo } from '../support/mailbox.ts';
import { describe, roundsOf, test } from '../support/races.ts';
import { releaseTogether } from './held-calls.ts';
import { atOnce, crowdOf } from './together.ts';
import { patientClient, tally } from './two-factor-state.ts';

const client = patientClient({ EMAIL_VERIFICATION: 'off' });

afterEach(() => vi.restoreAllMocks());

const crowd = crowdOf(20);
const consuming = 'UPDATE one_time_tokens t SET spent_at';

describe('one code of a mail, used many times at once (OTP-16)', { timeout: 120_000 }, () => {
  test('renews the session exactly once', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const user = await providerUser(client);
      const code = await codeFor(client, user);
      // No more than five of them are checked.
      releaseTogether(consuming, 5);
      const answers = await atOnce(crowd, () => reauthenticateBy(client, user, code));
      vi.restoreAllMocks();
      const counts = tally(answers);
      expect(counts).toMatchObject({ '200': 1 });
      expect(Object.keys(counts).toSorted()).toEqual(['200', '401 unauthenticated', '429 too_many_attempts']);
      expect((await eventsOf(client, user)).filter(({ outcome }) => outcome === 'success')).toHaveLength(1);
    }
  });

  test('renews it once though every one of them were checked', async () => {
    for (let round = 0; round < roundsOf(30); round++) {
      const user = await providerUser(client);
      const caller = { userId: user.userId, sessionId: user.sessionId };
      const [presented] = presentedEmailCodes(keyringOf(client), caller, await codeFor(client, user));
      releaseTogether(consuming, crowd);
      const rows = await atOnce(crowd, () =>
        renewByEmailCode(
          openForFlow(),
          {
            ...{ caller, presented, bucket: 'none', secondFactors: [] },
            renewal: {
              ...{ oldId: user.sessionId, newId: crypto.randomUUID(), idleTtlSeconds: 3600 },
              proved: { amr: ['otp'], isSecondFactor: false },
            },
          },
          {
            ...{ requestId: crypto.randomUUID(), operationId: crypto.randomUUID() },
            ...{ ipAddress: null, userAgent: null, location: null, locale: null },
          },
        ),
      );
      vi.restoreAllMocks();
      expect(rows.filter((row) => typeof row === 'object')).toHaveLength(1);
      expect(rows.filter((row) => row === 'gone')).toHaveLength(crowd - 1);
      expect(await codesOf(client, user)).toMatchObject([{ isSpent: true }]);
    }
  });
});

describe('wrong codes at once (OTP-17)', { timeout: 120_000 }, () => {
  test('get five checks in all', async () => {
    const user = await providerUser(client);
    await codeFor(client, user);
    for (let round = 0; round < roundsOf(10); round++) {
      const answers = await atOnce(crowd, (index) =>
        reauthenticateBy(client, user, String(10_000_000 + index)),
      );
      expect(tally(answers)).toEqual({ '401 invalid_code': 5, '429 too_many_attempts': crowd - 5 });
      await endWindow(client, user);
    }
  });
});

describe('ten requests for a code at once (EML-10)', { timeout: 120_000 }, () => {
  test('mail five, of which one counts', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const user = await providerUser(client);
      releaseTogether('INSERT INTO mail_outbox', 10);
      const answers = await atOnce(10, () => requestCode(client, user));
      vi.restoreAllMocks();
      expect(tally(answers)).toEqual({ '202': 5, '429 too_many_attempts': 5 });
      expect(await codesOf(client, user)).toHaveLength(1);
      const mails = await waitingMailsTo(client, user.email);
      expect(mails).toHaveLength(5);
      const uses = [];
      for (const { token } of mails) uses.push(await reauthenticateBy(client, user, token));
      expect(uses.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });
});

describe('a code that is asked for, and one that is used, beside the deletion of the account', {
  timeout: 120_000,
}, () => {
  test('leave nothing of it, and nobody waits for another', async () => {
    for (let round = 0; round < roundsOf(20); round++) {
      const user = await providerUser(client);
      const code = await codeFor(client, user);
      const answers = await Promise.all([
        deleteAccountOf(user.accessToken),
        requestCode(client, user),
        reauthenticateBy(client, user, code),
      ]);
      for (const { status, text } of answers) expect([200, 202, 401], text).toContain(status);
      if (answers[0].status !== 200) continue;
      const left = await query(sql`
        SELECT t.kind FROM one_time_tokens t WHERE t.owner_id = ${user.userId}::uuid
        UNION ALL SELECT m.kind FROM mail_outbox m WHERE m.user_id = ${user.userId}::uuid`);
      expect(left).toEqual([]);
    }
  });

  function deleteAccountOf(accessToken: string) {
    return client.call('DELETE', '/api/auth/me', { bearer: accessToken });
  }
});
