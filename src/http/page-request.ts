import type { Deps } from '../deps.ts';
import type { VisitorIds } from '../joints/visitor-reader.ts';
import type { PageLanguage } from '../languages/page-language.ts';
import type { PageView } from '../ui/page-view.ts';
import { answerPage } from './answer-page.ts';
import type { RequestContext } from './context.ts';
import { type FlashName, setFlash } from './flash.ts';
import { readPageLanguage } from './read-page-language.ts';
import { requireDeps } from './route.ts';

/** A request for a page, of a person who is signed in or not. */
export interface PageRequest {
  readonly c: RequestContext;
  readonly deps: Deps;
  readonly language: PageLanguage;
}

/** A request of somebody who is signed in. The statement of a flow checks whether the session is still live. */
export interface SignedInRequest extends PageRequest {
  readonly caller: VisitorIds;
  /** Whether the form was held while its sender authenticated again, so that another page is on the screen. */
  readonly isContinued: boolean;
}

/** The fields of a form, without those that were left empty. */
export type Fields = Readonly<Record<string, string>>;

/** @throws AuthError misconfigured */
export async function readPageRequest(c: RequestContext): Promise<PageRequest> {
  return { c, deps: requireDeps(c), language: await readPageLanguage(c.req.raw.headers) };
}

/** Answers with a page. */
export function answerView({ c, language }: PageRequest, view: PageView, status = 200): Promise<Response> {
  return answerPage(c, status, { language, view });
}

/**
 * Leads on by GET, so that a reload posts nothing again.
 * @param location of this service, or a checked URL
 * @param flash what the page there tells
 */
export function seeOther(location: string, flash?: FlashName): Response {
  const headers = new Headers({ Location: location });
  if (flash !== undefined) setFlash(headers, flash);
  return new Response(null, { status: 303, headers });
}

/** The parameter of the address; undefined where it is absent or comes twice. */
export function queryParameter(c: RequestContext, name: string): string | undefined {
  const values = new URL(c.req.url).searchParams.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

/** A time for people: in the time zone that Cloudflare sees them in, else in UTC. @param iso ISO 8601 */
export function readableTime(request: PageRequest, iso: string): string {
  const timeZone = timeZoneOf(request);
  const text = readable(request, { dateStyle: 'medium', timeStyle: 'short', timeZone }, iso);
  return timeZone === 'UTC' ? `${text} UTC` : text;
}

/** A day for people. @param iso ISO 8601 */
export function readableDay(request: PageRequest, iso: string): string {
  return readable(request, { dateStyle: 'long', timeZone: timeZoneOf(request) }, iso);
}

function readable({ language }: PageRequest, options: Intl.DateTimeFormatOptions, iso: string): string {
  return new Intl.DateTimeFormat(language.tag, options).format(new Date(iso));
}

function timeZoneOf({ c }: PageRequest): string {
  const { timezone } = c.req.raw.cf ?? {};
  if (typeof timezone !== 'string') return 'UTC';
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return timezone;
  } catch {
    return 'UTC'; // RangeError: a zone that this version of ICU does not know
  }
}
