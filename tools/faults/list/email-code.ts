import type { PlantedFault } from '../planted-fault.ts';

const feature = 'src/features/email-code';
const checks = `${feature}/reauthentication/queries.ts`;
const unit = 'test/features/email-code/email-code.test.ts';
const requests = 'test/features/email-code/request.test.ts';
const security = 'test/features/email-code/email-code.security.test.ts';
const races = 'test/races/email-code.test.ts';

/** Codes by mail: what they are worth, how often they may be guessed, and whose they are (OTP). */
export const emailCodeFaults: readonly PlantedFault[] = [
  {
    id: 'low-email-codes-are-likelier',
    guarantees: ['OTP-16'],
    breaks: 'A code is the remainder of a random number, so that some codes come up more often.',
    file: `${feature}/email-code.ts`,
    find: 'if (number < numbersMax) return number % max;',
    replace: 'return number % max;',
    tests: [unit],
  },
  {
    id: 'email-code-of-any-session',
    guarantees: ['OTP-16'],
    breaks: 'The code that one session asked for makes another one recent.',
    file: `${feature}/email-code.ts`,
    find: '...uuidBytes(sessionId),',
    replace: '',
    tests: [unit, security],
  },
  {
    id: 'earlier-email-codes-stay-good',
    guarantees: ['OTP-16'],
    breaks: 'Whoever asks for five codes has five of them to guess at.',
    file: `${feature}/request/queries.ts`,
    find: '      endEarlier: endOldest(queued, code.kind, 1),\n',
    replace: '',
    tests: [requests, races],
  },
  {
    id: 'email-code-for-a-left-address',
    guarantees: ['OTP-16'],
    breaks: 'A code works on when the account has another address.',
    file: checks,
    find: '\n      AND s.user_id IN (${holderOf(presented)})',
    replace: '',
    tests: [security],
  },
  {
    id: 'email-code-outlives-a-sign-out',
    guarantees: ['OTP-16', 'SES-21'],
    breaks: 'Signing other devices out leaves the code that somebody has asked for.',
    file: 'src/features/one-time-tokens/closing/fragments.ts',
    find: 'email_code: ofSession',
    replace: 'email_code: always',
    tests: [security, 'test/contract/closing-table.test.ts'],
  },
  {
    id: 'email-codes-are-guessed-at-leisure',
    guarantees: ['OTP-17'],
    breaks: 'Fifty codes are checked in ten minutes.',
    file: checks,
    find: 'checkLimits: AttemptLimits = { max: 5,',
    replace: 'checkLimits: AttemptLimits = { max: 50,',
    tests: [security, races],
  },
  {
    id: 'each-session-has-email-checks-of-its-own',
    guarantees: ['OTP-17'],
    breaks: 'Whoever has several sessions of an account guesses five times in each.',
    file: checks,
    find: '${`${emailCodeSubject}:`} || s.user_id',
    replace: '${`${emailCodeSubject}:`} || s.id',
    tests: [security],
  },
  {
    id: 'email-checks-are-given-back-by-an-unlock',
    guarantees: ['OTP-17'],
    breaks: 'Codes count under the id, like attempts, which an unlock deletes.',
    file: 'src/rate-limit/fragments.ts',
    find: "emailCodeSubject = 'email-code'",
    replace: "emailCodeSubject = 'user'",
    tests: [security],
  },
  {
    id: 'counted-email-codes-stay',
    guarantees: ['PRV-08'],
    breaks: 'What was counted under the id of a deleted user stays.',
    file: 'src/rate-limit/fragments.ts',
    find: ',\n      ${`${emailCodeSubject}:`} || o.user_id]',
    replace: ']',
    tests: [security, 'test/contract/belonging.test.ts'],
  },
  {
    id: 'email-code-in-the-place-of-a-password',
    guarantees: ['OTP-18'],
    breaks: 'Whoever reads the mailbox of an account with a password needs that no longer.',
    file: `${feature}/fragments.ts`,
    find: '${u}.password_hash IS NULL AND ',
    replace: '',
    tests: [security, 'test/contract/gates.test.ts'],
  },
  {
    id: 'email-code-beside-a-second-factor',
    guarantees: ['OTP-18'],
    breaks: 'A code that was sent before counts although the account asks for a second factor by now.',
    file: checks,
    find: '${hasEmailCode(sql`u`)} AND NOT ${asksForFactor(factors, sql`u`)}',
    replace: '${hasEmailCode(sql`u`)}',
    tests: [security],
  },
  {
    id: 'email-code-to-an-unverified-address',
    guarantees: ['OTP-18'],
    breaks: 'A code goes to an address that nobody has proved.',
    file: `${feature}/fragments.ts`,
    find: ' AND ${u}.email_verified_at IS NOT NULL',
    replace: '',
    tests: [security, 'test/contract/gates.test.ts'],
  },
  {
    id: 'email-code-in-the-log',
    guarantees: ['LOG-01'],
    breaks: 'The transport that sends nothing writes codes into the log of production.',
    file: 'src/mail/transports/log-transport.ts',
    find: "log('warn', 'mail_not_sent', { id, kind,",
    replace: "log('warn', 'mail_not_sent', { ...code, id, kind,",
    tests: ['test/mail/transports.test.ts'],
  },
  {
    id: 'lost-answer-wastes-an-email-code',
    guarantees: ['DBF-10'],
    breaks:
      'A repeat counts the mail of its own first run, and refuses the fifth code of an hour though it was sent.',
    file: `${feature}/request/queries.ts`,
    find: 'answer: codeAccount(asked, mail)',
    replace: 'answer: codeAccount(asked, null)',
    tests: [requests],
  },
];
