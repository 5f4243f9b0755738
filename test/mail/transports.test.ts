import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config.ts';
import { formatMailbox, parseMailbox } from '../../src/mail/mailbox.ts';
import { maskAnswer, maskEmail } from '../../src/mail/masked-text.ts';
import { cloudflareTransport } from '../../src/mail/transports/cloudflare-transport.ts';
import { createMailTransport } from '../../src/mail/transports/create-mail-transport.ts';
import { httpTransport } from '../../src/mail/transports/http-transport.ts';
import { logTransport } from '../../src/mail/transports/log-transport.ts';
import type { OutgoingMail } from '../../src/mail/transports/mail-transport.ts';
import { resendTransport } from '../../src/mail/transports/resend-transport.ts';
import { parse } from '../contract/minimal-env.ts';
import { recordLog } from '../contract/recorded-log.ts';

const mail: OutgoingMail = {
  to: 'reader@example.com',
  from: { name: 'NEXORA', address: 'no-reply@example.com' },
  subject: 'Subject',
  text: 'Text',
  html: '<p>Text</p>',
  kind: 'verify_email',
  data: { token: 'canary-token', url: 'https://auth.example.com/auth/verify-email?token=canary-token' },
  idempotencyKey: '7c9f5a0e-0000-4000-8000-000000000001',
};
/** One with a code instead of a link. */
const codeMail: OutgoingMail = { ...mail, kind: 'reauthentication_code', data: { token: '01234567' } };
const noSignal = new AbortController().signal;

afterEach(() => vi.restoreAllMocks());

/** Has `fetch` answer by itself, and gives what it was asked. */
function answerWith(answer: () => Response | Promise<Response>) {
  return vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer());
}

const posting = {
  http: () => httpTransport('https://mail.example.com/send'),
  resend: () => resendTransport('re_key'),
};

describe.each(['http', 'resend'] as const)('the transport %s', (name) => {
  const send = (signal = noSignal) => posting[name]().send(mail, signal);

  test.each([200, 201, 202, 204, 299])('takes %i for success, whatever the body says', async (status) => {
    answerWith(() => new Response(status === 204 ? null : '\0 garbage', { status }));
    await expect(send()).resolves.toBeUndefined();
  });

  test.each([300, 307, 400, 401, 404, 409, 422, 429, 500, 503])(
    'fails by %i, and tells what was answered',
    async (status) => {
      answerWith(() => new Response('{"message":"no such mailbox"}', { status }));
      await expect(send()).rejects.toThrow(new Error(`status ${status}: {"message":"no such mailbox"}`));
    },
  );

  test('fails with a call that does', async () => {
    answerWith(() => Promise.reject(new TypeError('network connection lost')));
    await expect(send()).rejects.toThrow(TypeError);
  });

  test('follows no redirect, and hands its signal on', async () => {
    const call = answerWith(() => new Response('', { status: 200 }));
    const { signal } = new AbortController();
    await send(signal);
    expect(call.mock.calls[0]![1]).toMatchObject({ redirect: 'manual', method: 'POST', signal });
  });

  test('reads no more than the start of an endless answer', async () => {
    let given = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        given += 1;
        controller.enqueue(new TextEncoder().encode('no '.repeat(500)));
      },
    });
    answerWith(() => new Response(endless, { status: 500 }));
    const failure = await send().catch((error: unknown) => error);
    expect(String(failure).length).toBeLessThan(400);
    expect(given).toBeLessThan(8);
  });
});

test('the transport http posts the mail as JSON with an Idempotency-Key, as it is documented', async () => {
  const call = answerWith(() => new Response(''));
  await posting.http().send(mail, noSignal);
  const [url, init] = call.mock.calls[0]!;
  expect(url).toBe('https://mail.example.com/send');
  expect(init?.headers).toEqual({
    'Idempotency-Key': mail.idempotencyKey,
    'Content-Type': 'application/json',
  });
  const { idempotencyKey: _, ...rest } = mail;
  expect(JSON.parse(String(init?.body))).toEqual({ ...rest, from: 'NEXORA <no-reply@example.com>' });
});

test.each([
  'https://mail.example.com',
  'https://mail.example.com/send/',
  'https://Mail.example.com:443/a//b/?key=abc/',
  'http://127.0.0.1:1/mails?a=%2f&b',
])('the transport http posts to exactly what is configured: %s', async (configured) => {
  const config = parse({ MAIL_TRANSPORT: 'http', MAIL_HTTP_URL: ` ${configured} ` });
  const call = answerWith(() => new Response(''));
  await createMailTransport(config, undefined)?.send(mail, noSignal);
  expect(call.mock.calls.map(([url]) => url)).toEqual([configured]);
});

test('the transport resend posts what Resend documents, and nothing else of the mail', async () => {
  const call = answerWith(() => new Response('{"id":"1"}'));
  await posting.resend().send(mail, noSignal);
  const [url, init] = call.mock.calls[0]!;
  expect(url).toBe('https://api.resend.com/emails');
  expect(init?.headers).toEqual({
    Authorization: 'Bearer re_key',
    'Idempotency-Key': mail.idempotencyKey,
    'Content-Type': 'application/json',
  });
  const { to, subject, text, html } = mail;
  expect(JSON.parse(String(init?.body))).toEqual({
    ...{ to: [to], from: 'NEXORA <no-reply@example.com>', subject, text, html },
  });
});

describe('the transport cloudflare', () => {
  function bindingThat(send: () => Promise<EmailSendResult>) {
    const spy = vi.fn<(message: unknown) => Promise<EmailSendResult>>(send);
    return { spy, transport: cloudflareTransport({ send: spy }) };
  }

  test('hands the mail to the binding, the sender with and without a name', async () => {
    const { spy, transport } = bindingThat(async () => ({ messageId: '1' }));
    await transport.send(mail, noSignal);
    await transport.send({ ...mail, from: { name: null, address: 'no-reply@example.com' } }, noSignal);
    const { to, subject, text, html } = mail;
    expect(spy.mock.calls).toEqual([
      [{ to, subject, text, html, from: { name: 'NEXORA', email: 'no-reply@example.com' } }],
      [{ to, subject, text, html, from: 'no-reply@example.com' }],
    ]);
  });

  test('fails with the code of the service, and without the address', async () => {
    const failing = bindingThat(() =>
      Promise.reject(
        Object.assign(new Error('to reader@example.com: no'), { code: 'E_SENDER_NOT_VERIFIED' }),
      ),
    );
    await expect(failing.transport.send(mail, noSignal)).rejects.toThrow(
      new Error('E_SENDER_NOT_VERIFIED: to ***: no'),
    );
  });

  test('waits for a binding that hangs no longer than its signal', async () => {
    const { transport } = bindingThat(() => new Promise(() => undefined));
    await expect(transport.send(mail, AbortSignal.timeout(20))).rejects.toThrow(/timeout|aborted/i);
  });
});

describe('the transport log', () => {
  test('prints the link while developing', async () => {
    const lines = recordLog();
    await logTransport(true).send(mail, noSignal);
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: 'mail', recipient: mail.to, url: mail.data.url });
  });

  test('prints the code of a mail that has one while developing, and nowhere else (LOG-01)', async () => {
    const lines = recordLog();
    for (const isDevelopment of [true, false]) await logTransport(isDevelopment).send(codeMail, noSignal);
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: 'mail', url: null, code: '01234567' });
    expect(lines[1]).not.toContain('01234567');
  });

  test('prints neither token nor address elsewhere (LOG-01, LOG-05)', async () => {
    const lines = recordLog();
    await logTransport(false).send(mail, noSignal);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      ...{ time: expect.any(String), level: 'warn', event: 'mail_not_sent', id: mail.idempotencyKey },
      ...{ kind: 'verify_email', recipient: 'r***@example.com' },
    });
    expect(lines[0]).not.toContain('canary');
  });
});

test.each<[Config['mail']['transport'], boolean]>([
  ['log', true],
  ['outbox', false],
  ['http', true],
  ['resend', true],
  ['cloudflare', true],
])('MAIL_TRANSPORT=%s makes a transport: %s', (transport, isOne) => {
  const binding = { send: async () => ({ messageId: '' }) };
  const config = parse({
    ENVIRONMENT: 'development',
    MAIL_TRANSPORT: transport,
    MAIL_FROM: 'no-reply@example.com',
    MAIL_HTTP_URL: 'http://127.0.0.1:1/mails',
    RESEND_API_KEY: 're_key',
    EMAIL: binding,
  });
  expect(createMailTransport(config, binding) !== null).toBe(isOne);
});

describe('a sender', () => {
  test.each([
    ['no-reply@example.com', 'no-reply@example.com'],
    ['NEXORA <no-reply@example.com>', 'NEXORA <no-reply@example.com>'],
    ['NEXORA<No-Reply@Example.COM>', 'NEXORA <no-reply@example.com>'],
    ['<no-reply@example.com>', 'no-reply@example.com'],
    ['Bücher & Söhne <no-reply@example.com>', '"Bücher & Söhne" <no-reply@example.com>'],
    ['"Acme Inc." <no-reply@example.com>', '"Acme Inc." <no-reply@example.com>'],
    ['"Acme, Inc." <no-reply@example.com>', '"Acme, Inc." <no-reply@example.com>'],
    ['Acme, Inc. <no-reply@example.com>', '"Acme, Inc." <no-reply@example.com>'],
    ['Yahoo! <no-reply@example.com>', '"Yahoo!" <no-reply@example.com>'],
    ['A/B <no-reply@example.com>', '"A/B" <no-reply@example.com>'],
  ])('%s is written %s', (text, written) => {
    expect(formatMailbox(parseMailbox(text))).toBe(written);
  });
});

describe('what logs show', () => {
  test.each([
    ['reader@example.com', 'r***@example.com'],
    ['"a@b"@example.com', '"***@example.com'],
    ['@example.com', '***'],
    ['', '***'],
  ])('of the address %j is %j (LOG-05)', (address, masked) => {
    expect(maskEmail(address)).toBe(masked);
  });

  test('of an answer is its words, not its addresses, nor what is long enough to be a token (LOG-01)', () => {
    expect(maskAnswer('The domain is not verified.')).toBe('The domain is not verified.');
    expect(maskAnswer('to:reader@example.com;reader%40example.com "x@y.z"')).toBe('to:***;*** "***"');
    expect(maskAnswer(`a ${'x'.repeat(43)} b`)).toBe('a *** b');
    expect(maskAnswer('code 01234567: no, since 2026')).toBe('code ***: no, since 2026');
    expect(maskAnswer('no '.repeat(1000))).toHaveLength(300);
  });

  test.each([
    'reader@example.com',
    '"john reader"@example.com',
    'reader@[192.0.2.1]',
    'reader%40example.com',
    'reader%2540example.com',
    'reader&#64;example.com',
    'reader&#x40;example.com',
    'reader&#X0040;example.com',
    'reader&commat;example.com',
    'reader\\u0040example.com',
    'reader\uff20example.com',
    'reader\ufe6bexample.com',
  ])('of an answer is no address in the spelling %j (LOG-05)', (address) => {
    for (const text of [
      `to ${address}: no`,
      `{"to":"x","at":"<${address}>"}`,
      `${'a '.repeat(495)}${address}`,
    ]) {
      const masked = maskAnswer(text);
      expect(masked).not.toMatch(/reader|john|192/);
      expect(masked.replace('***', address)).toBe(text.slice(0, 300));
    }
  });

  test.each(['a', '!', '"', '"a', '@', 'a@', '%', '%25', '&#0', 'a.', '[', 'reader-'])(
    'of an answer is found in no time, also of 100,000 times %j',
    (part) => {
      const startedAt = performance.now();
      const masked = maskAnswer(part.repeat(100_000));
      expect(performance.now() - startedAt).toBeLessThan(200);
      expect(masked.length).toBeLessThanOrEqual(300);
      expect(masked).not.toMatch(/reader/);
    },
  );
});
