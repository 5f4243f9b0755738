import type { PlantedFault } from '../planted-fault.ts';

/** What a stranger could learn about accounts (ENU). */
export const enumerationFaults: readonly PlantedFault[] = [
  {
    id: 'unknown-address-costs-no-hash',
    guarantees: ['ENU-02', 'HSH-09'],
    breaks: 'A login at an address that nobody has is answered before anything is hashed.',
    file: 'src/crypto/password-hash.ts',
    find: '  hashDummy(password, parameters);',
    replace: '  if (stored !== null) hashDummy(password, parameters);',
    tests: ['test/features/password/password.security.test.ts'],
  },
  {
    id: 'banned-account-costs-no-hash',
    guarantees: ['ENU-01', 'ENU-02'],
    breaks: 'A banned account is refused before its password is compared, and faster than others.',
    file: 'src/features/password/login.ts',
    find: 'const isPending = account === null',
    replace:
      "if (account?.is_banned) return await fail(deps, account, 'banned');\n  const isPending = account === null",
    tests: ['test/features/password/password.security.test.ts'],
  },
  {
    id: 'unverified-told-to-a-wrong-password',
    guarantees: ['ENU-01', 'EML-09'],
    breaks: 'A wrong password learns that the account exists and has yet to be verified.',
    file: 'src/features/password/login.ts',
    find: 'if (!check.matches) return await fail(',
    replace:
      "if (!check.matches && !(account.is_unverified && config.emailVerification === 'required'))\n    return await fail(",
    tests: ['test/features/email-verification/enumeration.security.test.ts'],
  },
  {
    id: 'register-writes-more-for-a-taken-address',
    guarantees: ['ENU-04'],
    breaks: 'A registration with an address that has an account writes one row more than others.',
    file: 'src/features/password/register/pending/queries.ts',
    find: "a WHERE NOT ${isNoticeQueuedNow('email_taken', metadata)}`;",
    replace: 'a`;',
    tests: ['test/features/email-verification/enumeration.security.test.ts'],
  },
  {
    id: 'forgot-writes-nothing-for-unknown',
    guarantees: ['ENU-05'],
    breaks: 'A request for a new password writes less where nobody has the address.',
    file: 'src/features/password/reset/fragments.ts',
    find: 'FROM (SELECT 1) one LEFT JOIN (',
    replace: 'FROM (SELECT 1) one JOIN (',
    tests: ['test/features/password/forgot-password.test.ts'],
  },
  {
    id: 'resend-writes-nothing-for-unknown',
    guarantees: ['ENU-05'],
    breaks: 'A request for another verification link writes less where nobody has the address.',
    file: 'src/features/email-verification/resend/queries.ts',
    find: 'AS one (is_possible) LEFT JOIN (',
    replace: 'AS one (is_possible) JOIN (',
    tests: ['test/features/email-verification/enumeration.security.test.ts'],
  },
  {
    id: 'mail-is-sent-before-the-answer',
    guarantees: ['ENU-05', 'EML-12'],
    breaks: 'The answer waits for the mail provider, and tells by its time whether a mail was sent.',
    file: 'src/http/answer-request.ts',
    find: '    sendQueuedMails(c, runtime, deps.metadata.operationId);',
    replace: '    await sendQueuedMails(c, runtime, deps.metadata.operationId);',
    tests: ['test/mail/send-queued-mails.test.ts'],
  },
  {
    id: 'attempts-at-unknown-addresses-do-not-add-up',
    guarantees: ['ENU-06'],
    breaks: 'An address that nobody has is never locked, so that a lock tells who has an account.',
    file: 'src/features/password/queries.ts',
    find: 'attemptBucket(sql`${subject}::text`,',
    replace:
      'attemptBucket(sql`coalesce(CASE WHEN a.user_id IS NULL THEN gen_random_uuid()::text END, ${subject}::text)`,',
    tests: ['test/rate-limit/attempts.test.ts'],
  },
  {
    id: 'dead-link-asks-for-a-password',
    guarantees: ['ENU-09', 'EML-06'],
    breaks: 'A link that is over says that the password is missing, before it says that it is over.',
    file: 'src/features/link-holder/with-holder-password.ts',
    find: 'const holder = await find(password !== undefined);',
    replace:
      'if (password === undefined) throw linkHolderErrors.password_required();\n  const holder = await find(true);',
    tests: ['test/features/email-verification/verify.test.ts'],
  },
  {
    id: 'session-of-anybody-can-be-ended',
    guarantees: ['ENU-10', 'SES-10'],
    breaks: 'Whoever knows the id of a session ends it, whosever it is.',
    file: 'src/features/sessions/own-sessions/queries.ts',
    find: 's.user_id = ${userId}::uuid AND s.expires_at',
    replace: 's.expires_at',
    tests: ['test/features/sessions/own-sessions.security.test.ts'],
  },
];
