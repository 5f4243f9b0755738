import type { MailLanguage } from '../languages/mail-language.ts';
import { chooseMailLanguage } from '../languages/mail-languages.ts';
import type { MailText } from '../languages/mail-text.ts';
import { deviceWords, nameDevice } from '../request/device.ts';
import { placeName, plainWords } from '../request/place-name.ts';
import { type Brand, readableOn } from '../ui/brand.ts';
import { type EndedThing, isCodeMail, linkPaths, type MailFacts } from './mail-kind.ts';

/** The content of a mail. */
export interface MailContent {
  readonly kind: string;
  /** BCP 47 tag; English if unknown. */
  readonly locale: string | null;
  /** The time of the event: ISO 8601, UTC. */
  readonly at: string;
  /** The token of the link, or the code; null in a notice. */
  readonly token: string | null;
  readonly facts: MailFacts | null;
}

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The URL of the link; null in a notice, and in a mail with a code. */
  readonly url: string | null;
  /** The code that its reader types in; null in every other mail. */
  readonly code: string | null;
}

/**
 * Renders a mail in the language of its reader. All words are ours: of the request it mentions the time, the place as
 * Cloudflare reports it and the names of browser and system (EML-11), and of what is still to come the hours until then.
 * The same content always gives the same mail, so that a provider recognises a retry.
 *
 * @param sender as configured: its public origin is never one from a request (EML-04)
 * @throws TypeError for a kind that this version does not know, or a link or code without a token
 */
export async function renderMail(
  content: MailContent,
  { baseUrl, brand }: MailSender,
): Promise<RenderedMail> {
  const language = chooseMailLanguage(content.locale);
  const { kind, token } = content;
  if (!isOf(language.mails, kind)) throw new TypeError('unknown kind of mail');
  if ((isOf(linkPaths, kind) || isCodeMail(kind)) && token === null)
    throw new TypeError('the mail has no token for its link or code');
  const url = isOf(linkPaths, kind)
    ? `${baseUrl}${linkPaths[kind]}?token=${encodeURIComponent(token ?? '')}`
    : null;
  const code = isCodeMail(kind) ? token : null;
  const parts = {
    language,
    mail: language.mails[kind],
    ...{ url, code },
    facts: await tellFacts(content, language),
    footer: language.mailFrame.footer(new URL(baseUrl).host),
    ...{ brand, baseUrl },
  };
  return { subject: parts.mail.subject, text: writeText(parts), html: writeHtml(parts), url, code };
}

/** Who sends a mail, as it looks. */
export interface MailSender {
  readonly baseUrl: string;
  readonly brand: Brand;
}

interface MailParts extends MailSender {
  readonly language: MailLanguage;
  readonly mail: MailText;
  readonly url: string | null;
  readonly code: string | null;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly footer: string;
}

function writeText({ mail, url, code, facts, footer, brand, baseUrl }: MailParts): string {
  const link = url === null ? [] : [`${mail.link ?? mail.subject}:\n${url}`];
  const shown = code === null ? [] : [code];
  const told = facts.map(([label, value]) => `${label}: ${value}`).join('\n');
  const support = brand.supportUrl === null ? '' : `\n${new URL(brand.supportUrl, baseUrl).href}`;
  const end = `-- \n${brand.name}\n${footer}${support}`;
  const blocks = [...mail.paragraphs, ...link, ...shown, ...(mail.closing ?? []), told, end];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

const styles = {
  body: 'font:16px/1.5 system-ui,sans-serif;color:#222;max-width:34em;margin:0 auto;padding:24px',
  head: 'font-size:18px;font-weight:bold',
  button: 'display:inline-block;padding:10px 20px;text-decoration:none;border-radius:6px',
  code: 'font-size:28px;letter-spacing:4px;font-weight:bold',
  small: 'font-size:14px;color:#555',
  address: 'overflow-wrap:anywhere',
} as const;

function writeHtml(parts: MailParts): string {
  const { language, mail, url, code, facts, footer, brand, baseUrl } = parts;
  const { tag, mailFrame } = language;
  const button = `${styles.button};background:${brand.color};color:${readableOn(brand.color)}`;
  const page = (
    <html lang={tag}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>{mail.subject}</title>
      </head>
      <body style={styles.body}>
        <Head brand={brand} baseUrl={baseUrl} />
        <Paragraphs texts={mail.paragraphs} />
        {url !== null && (
          <>
            <p>
              <a href={url} style={button}>
                {mail.link ?? mail.subject}
              </a>
            </p>
            <p style={styles.small}>
              {mailFrame.copyLink}
              <br />
              <a href={url} style={styles.address}>
                {url}
              </a>
            </p>
          </>
        )}
        {code !== null && <p style={styles.code}>{code}</p>}
        <Paragraphs texts={mail.closing ?? []} />
        <table style={styles.small}>
          {facts.map(([label, value]) => (
            <tr>
              <td>{label}</td>
              <td>{value}</td>
            </tr>
          ))}
        </table>
        <p style={styles.small}>{footer}</p>
        {brand.supportUrl !== null && (
          <p style={styles.small}>
            <a href={new URL(brand.supportUrl, baseUrl).href}>{brand.name}</a>
          </p>
        )}
      </body>
    </html>
  );
  return `<!doctype html>${page.toString()}`;
}

/** The logo where it has an address: mail programs show no image that is in the mail's own text. */
function Head({ brand: { name, logoUrl }, baseUrl }: MailSender) {
  if (logoUrl === null || logoUrl.startsWith('data:')) return <p style={styles.head}>{name}</p>;
  return (
    <p>
      <img src={new URL(logoUrl, baseUrl).href} alt={name} height="32" />
    </p>
  );
}

function Paragraphs({ texts }: { readonly texts: readonly string[] }) {
  return (
    <>
      {texts.map((text) => (
        <p>{text}</p>
      ))}
    </>
  );
}

/** One per language, each of which takes longer to make than the rest of a mail. */
const timeFormats = new Map<string, Intl.DateTimeFormat>();

function timeFormat(tag: string): Intl.DateTimeFormat {
  const known = timeFormats.get(tag);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  timeFormats.set(tag, made);
  return made;
}

async function tellFacts(
  { at, facts }: MailContent,
  { tag, mailFrame }: MailLanguage,
): Promise<(readonly [string, string])[]> {
  const told: readonly (readonly [string, string | null])[] = [
    [mailFrame.when, `${timeFormat(tag).format(new Date(at))} UTC`],
    [mailFrame.takesEffect, facts?.delayHours === undefined ? null : mailFrame.inHours(facts.delayHours)],
    [mailFrame.ended, endedNames(facts?.ended ?? [], mailFrame, tag)],
    [mailFrame.provider, plainWords(facts?.provider ?? null) || null],
    [mailFrame.where, placeName(facts?.location ?? null, tag)],
    [mailFrame.device, await nameDevice(facts?.userAgent ?? null)],
  ];
  return told.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
}

/** What was taken away, by the names that its owner knows; null for nothing. */
function endedNames(
  ended: readonly EndedThing[],
  { trustedDevice }: MailLanguage['mailFrame'],
  tag: string,
): string | null {
  const names = ended.map((thing) => {
    if (thing.kind === 'factor') return plainWords(thing.name);
    if (thing.kind === 'identity') return plainWords(thing.provider);
    const where = [deviceWords(thing.device), placeName(thing.location, tag)].filter((part) => part !== null);
    return [trustedDevice, ...(where.length === 0 ? [] : [where.join(', ')])].join(': ');
  });
  return names.length === 0 ? null : names.join('; ');
}

function isOf<T extends object>(table: T, name: string): name is string & keyof T {
  return Object.hasOwn(table, name);
}
