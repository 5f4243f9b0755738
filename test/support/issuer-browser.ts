/** Who signs in at the local issuer, and what they do there. */
export interface Visitor {
  readonly email: string;
  readonly name?: string;
  /** True unless given. */
  readonly emailVerified?: boolean;
  /** Presses the button that refuses. */
  readonly isCancelled?: boolean;
}

/** How the issuer sends a browser back to the service. */
export type IssuerCallback =
  | { readonly method: 'GET'; readonly url: string }
  | { readonly method: 'POST'; readonly url: string; readonly form: Readonly<Record<string, string>> };

const stepsMax = 10;

/**
 * Walks through the log-in page of tools/local-issuer as a browser would, from the address that the service sends people
 * to, and returns the way back to the service without going it. With the jar of an earlier visit the issuer knows who
 * is there, and shows its page only if it has to.
 */
export async function signInAtIssuer(
  authorizeUrl: string,
  visitor: Visitor,
  jar = new CookieJar(),
): Promise<IssuerCallback> {
  const { origin } = new URL(authorizeUrl);
  let url = authorizeUrl;
  let form: URLSearchParams | null = null;
  for (let step = 0; step < stepsMax; step++) {
    const response: Response = await fetch(url, {
      method: form === null ? 'GET' : 'POST',
      headers: { cookie: jar.header(url) },
      body: form,
      redirect: 'manual',
    });
    jar.keep(url, response);
    const page = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      if (new URL(url).origin !== origin) return { method: 'GET', url };
      form = null;
      continue;
    }
    const sent = response.status < 500 ? readForm(page) : undefined;
    if (sent?.action !== undefined) {
      if (new URL(sent.action).origin !== origin)
        return { method: 'POST', url: sent.action, form: sent.hidden };
      // Where another person than before has signed in, the session of the first one is ended by such a form.
      url = sent.action;
      form = new URLSearchParams(sent.hidden);
      continue;
    }
    if (response.status !== 200 || sent === undefined || form !== null) {
      throw new Error(`${url}: ${response.status} ${page}`);
    }
    form = filledIn(visitor);
  }
  throw new Error(`${authorizeUrl} leads nowhere`);
}

/** The cookies of one browser; they are kept by path and, as browsers do, without regard to the port. */
export class CookieJar {
  readonly #cookies = new Map<string, { readonly path: string; readonly pair: string }>();

  keep(url: string, response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/; */);
      const path = attribute(attributes, 'path') ?? '/';
      const expires = attribute(attributes, 'expires');
      const key = `${new URL(url).hostname} ${path} ${pair.split('=')[0]}`;
      if (expires !== undefined && Date.parse(expires) <= Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, { path, pair });
    }
  }

  /** The value of the Cookie header. */
  header(url: string): string {
    const { hostname, pathname } = new URL(url);
    return [...this.#cookies]
      .filter(([key, { path }]) => key.startsWith(`${hostname} `) && pathname.startsWith(path))
      .map(([, { pair }]) => pair)
      .join('; ');
  }
}

function attribute(attributes: readonly string[], name: string): string | undefined {
  return attributes.find((entry) => entry.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
}

function filledIn({ email, name = '', emailVerified = true, isCancelled = false }: Visitor): URLSearchParams {
  const form = new URLSearchParams({ email, name, action: isCancelled ? 'cancel' : 'continue' });
  if (emailVerified) form.set('email_verified', 'true');
  return form;
}

/** The form of a page, with the address that it names and its hidden inputs; undefined for a page without one. */
function readForm(page: string): { action: string | undefined; hidden: Record<string, string> } | undefined {
  const tag = /<form[^>]*>/.exec(page)?.[0];
  if (tag === undefined) return undefined;
  const inputs = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  const action = /action="([^"]*)"/.exec(tag)?.[1];
  return {
    action: action === undefined ? undefined : unescapeHtml(action),
    hidden: Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, unescapeHtml(value)])),
  };
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => characters[name] ?? '');
}
