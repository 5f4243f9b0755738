import { describe, expect, test } from 'vitest';
import { chooseMailLanguage, mailLanguages } from '../../src/languages/mail-languages.ts';
import { isCodeMail, linkPaths, type MailFacts } from '../../src/mail/mail-kind.ts';
import { type MailContent, type RenderedMail, renderMail } from '../../src/mail/render-mail.tsx';
import { nameDevice } from '../../src/request/device.ts';
import type { Brand } from '../../src/ui/brand.ts';

const base = 'https://auth.example.com';
const plainBrand: Brand = {
  ...{ name: 'Example', color: '#2b54c9' },
  ...{ logoUrl: null, termsUrl: null, privacyUrl: null, supportUrl: null },
};
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const kinds = Object.keys(chooseMailLanguage('en').mails);
const linkKinds = Object.keys(linkPaths);

function render(overrides: Partial<MailContent> = {}): Promise<RenderedMail> {
  const content = {
    kind: 'new_device',
    locale: null,
    at: '2026-03-01T21:05:00.000Z',
    token: 'a_token-1',
    facts: null,
  };
  return renderMail({ ...content, ...overrides }, { baseUrl: base, brand: plainBrand });
}

function factsOf(
  userAgent: string | null,
  city: string | null,
  region: string | null = null,
  country: string | null = null,
): MailFacts {
  return { userAgent, location: { city, region, country } };
}

/** What begins a line about the request, in any language. */
const labels = Object.values(mailLanguages).flatMap(({ mailFrame: { when, where, device, takesEffect } }) => [
  when,
  where,
  device,
  takesEffect,
]);

/** The text below the link: facts and footer, where all that comes from outside stands. */
function told({ text }: RenderedMail): string[] {
  return text.split('\n').filter((line) => labels.some((label) => line.startsWith(`${label}: `)));
}

/** A text as HTML has it. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

describe.each(Object.keys(mailLanguages))('a mail in %s', (locale) => {
  test.each(kinds)('says everything that %s has to say, in text and in HTML', async (kind) => {
    const language = chooseMailLanguage(locale);
    expect(language.tag).toBe(locale);
    const isLink = linkKinds.includes(kind);
    const isCode = isCodeMail(kind);
    const mail = await render({
      kind,
      locale,
      token: isLink ? 'a_token-1' : isCode ? '01234567' : null,
      facts: factsOf(chrome, 'Berlin', null, 'DE'),
    });
    const words = language.mails[kind as keyof typeof language.mails];
    expect(mail.subject).toBe(words.subject);
    expect(words.link !== undefined).toBe(isLink);
    const footer = language.mailFrame.footer('auth.example.com');
    expect(footer).toContain(' auth.example.com');
    for (const sentence of [...words.paragraphs, ...(words.closing ?? []), footer]) {
      expect(mail.text).toContain(sentence);
      expect(mail.html).toContain(escaped(sentence));
    }
    expect(mail.html).toContain(`<html lang="${locale}">`);
    expect(mail.html).toContain(`<title>${escaped(words.subject)}</title>`);
    expect(told(mail)).toHaveLength(3);
    expect(mail.code).toBe(isCode ? '01234567' : null);
    if (isCode) expect(mail.text).toContain('\n\n01234567\n\n');
    expect(mail.html.split('>01234567<')).toHaveLength(isCode ? 2 : 1);
    expect(mail.url !== null).toBe(isLink);
    if (mail.url === null) return;
    expect(mail.text.split(mail.url)).toHaveLength(2);
    expect(mail.html.split(`href="${mail.url}"`)).toHaveLength(3);
    expect(mail.html).toContain(escaped(words.link ?? ''));
  });
});

describe('the link of a mail', () => {
  test.each(Object.entries(linkPaths))(
    'of the kind %s leads to %s of the configured address (EML-04)',
    async (kind, path) => {
      expect((await render({ kind, token: 'a_token-1' })).url).toBe(`${base}${path}?token=a_token-1`);
    },
  );

  test('is the only one, and nothing is loaded from anywhere', async () => {
    const { html, url } = await render({ facts: factsOf(chrome, 'Berlin') });
    expect(html.match(/https?:/g)).toHaveLength(3);
    for (const [, href] of html.matchAll(/href="([^"]*)"/g)) expect(href).toBe(url);
    expect(html).not.toMatch(/src=|<img|<script|<link|url\(/);
  });

  test('is missed: such a mail is not written, nor one of a kind that nobody knows', async () => {
    for (const kind of ['reset_password', 'reauthentication_code'])
      await expect(render({ kind, token: null })).rejects.toThrow(TypeError);
    for (const kind of ['of_later', 'constructor', '__proto__', 'toString'])
      await expect(render({ kind })).rejects.toThrow(TypeError);
  });
});

describe('what a mail tells of the request', () => {
  test('is the time in UTC, the place and the device, in the language of the reader', async () => {
    const facts = factsOf(chrome, 'München', 'Bavaria', 'DE');
    expect(told(await render({ facts }))).toEqual([
      'When: March 1, 2026 at 9:05 PM UTC',
      'Where: München, Bavaria, Germany',
      'Device: Chrome, Windows',
    ]);
    expect(told(await render({ facts, locale: 'de-AT' }))).toEqual([
      'Wann: 1. März 2026 um 21:05 UTC',
      'Wo: München, Bavaria, Deutschland',
      'Gerät: Chrome, Windows',
    ]);
  });

  test('is left out where it is not known', async () => {
    for (const facts of [null, { userAgent: null, location: null }, factsOf('curl/8.0', null, null, 'XX')])
      expect(told(await render({ facts }))).toEqual(['When: March 1, 2026 at 9:05 PM UTC']);
    expect(told(await render({ facts: factsOf(null, null, null, 'T1') }))[1]).toBe('Where: Tor');
    expect(told(await render({ facts: factsOf(null, 'Berlin', 'Berlin') }))[1]).toBe('Where: Berlin');
  });

  test('keeps the spelling of places', async () => {
    for (const city of [
      'St. Louis',
      "L'Aquila",
      'Winston-Salem',
      'São Paulo',
      'Kraków',
      '東京',
      'Frankfurt (Oder)',
    ])
      expect(told(await render({ facts: factsOf(null, city) }))[1]).toBe(`Where: ${city}`);
  });

  test('is the same mail each time, so that a provider knows a repeat', async () => {
    const facts = factsOf(chrome, 'Berlin');
    expect(await render({ facts })).toEqual(await render({ facts }));
  });
});

describe('what takes effect later', () => {
  test.each([
    ['en', 1, 'Takes effect: 1 hour later'],
    ['en', 24, 'Takes effect: 24 hours later'],
    ['de', 1, 'Wird wirksam: 1 Stunde später'],
    ['de', 168, 'Wird wirksam: 168 Stunden später'],
  ])('says so in %s below the time of the mail, after %i hours', async (locale, delayHours, line) => {
    const facts = { ...factsOf(null, null), delayHours };
    const mail = await render({ kind: 'two_factor_reset_requested', locale, facts });
    expect(told(mail)).toEqual([expect.stringMatching(/ UTC$/), line]);
    expect(mail.html).toContain(`<td>${line.replace(': ', '</td><td>')}</td>`);
  });
});

/** What somebody might call a browser or, were the edge to be fooled, a place. */
const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg/onload=alert(1)>",
  '<a href=//evil.example>click</a>',
  'http://evil.example/login',
  'https://evil.example',
  'HtTpS:evil.example',
  'www.evil.example',
  'evil.example/1.0',
  'evil。example',
  'ｈｔｔｐ：／／evil．example',
  'mailto:evil@evil.example',
  'javascript:alert(1)',
  'Call +1 555 0100 now, your account is lost',
  'x\r\nBcc: evil@evil.example',
  'x\u2028http://evil.example',
  '\u202egro.live',
  '&lt;b&gt;',
  '{{constructor.constructor("alert(1)")()}}',
  'Mozilla/5.0 (Windows NT 10.0) <b>http://evil.example</b>',
];

describe('words that a stranger has chosen (EML-11)', () => {
  test.each(hostile)('as a User-Agent never stand in a mail: %j', async (userAgent) => {
    const plain = await render();
    const device = await nameDevice(userAgent);
    expect([null, 'Windows', 'Chrome', 'Safari']).toContain(device);
    const mail = await render({ facts: factsOf(userAgent, null) });
    expect(told(mail).filter((line) => !line.startsWith('Device: '))).toEqual(told(plain));
    expect(mail.html.length - plain.html.length).toBeLessThan(80);
    expect(mail.text + mail.html).not.toMatch(/evil|alert|555 0100/);
  });

  test.each(hostile)('as a place are no markup and no link: %j', async (city) => {
    const plain = await render();
    const mail = await render({ facts: factsOf(null, city, city, city) });
    const tags = (html: string) => html.replaceAll(/<tr><td>Where.*?<\/tr>/g, '').match(/<[^>]*>/g);
    expect(tags(mail.html)).toEqual(tags(plain.html));
    const [where = ''] = told(mail).filter((line) => line.startsWith('Where: '));
    expect(where.replace('Where: ', '')).not.toMatch(/[<>"&/@:\u2028\u202e]|\S\.\S/);
    expect(mail.text.split('\n')).toHaveLength(plain.text.split('\n').length + (where === '' ? 0 : 1));
  });

  test('are cut where they are long', async () => {
    const mail = await render({ facts: factsOf('x'.repeat(256), 'é😀'.repeat(5000), '𝒳'.repeat(5000)) });
    expect(told(mail)[1]!.length).toBeLessThan(150);
    expect(mail.text.isWellFormed()).toBe(true);
  });
});

describe('the brand', () => {
  const brand: Brand = {
    ...plainBrand,
    ...{ name: 'Ada & Co', color: '#ffd400', logoUrl: '/logo.png', supportUrl: '/help' },
  };
  const renderFor = (overrides: Partial<Brand> = {}) =>
    renderMail(
      { kind: 'reset_password', locale: null, at: '2026-03-01T21:05:00.000Z', token: 'x', facts: null },
      { baseUrl: base, brand: { ...brand, ...overrides } },
    );

  test('stands in a mail with its name, its logo, a button that can be read, and where help is', async () => {
    const { html, text } = await renderFor();
    expect(html).toContain(`<img src="${base}/logo.png" alt="Ada &amp; Co"`);
    // Black on yellow.
    expect(html).toContain('background:#ffd400;color:#000');
    for (const said of [html, text]) expect(said).toContain(`${base}/help`);
    expect(text).toContain('Ada & Co');
  });

  test('is a name where a mail program would not show the logo', async () => {
    const { html } = await renderFor({ logoUrl: 'data:image/png;base64,AAAA', supportUrl: null });
    expect(html).not.toContain('<img');
    expect(html).toContain('Ada &amp; Co');
    expect(html).not.toContain('/help');
  });
});
