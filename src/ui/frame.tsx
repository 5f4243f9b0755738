import { raw } from 'hono/html';
import { type Brand, readableOn } from './brand.ts';
import type { PageView } from './page-view.ts';
import { forgetQuery, improvements } from './script.ts';
import { styles } from './styles.ts';

/** What the frame says, in the language of the reader. */
export interface FrameText {
  readonly skip: string;
  readonly navigation: string;
  readonly language: string;
  readonly terms: string;
  readonly privacy: string;
  readonly support: string;
}

/** What a page is shown with. */
export interface FrameOptions {
  /** BCP 47. */
  readonly lang: string;
  readonly text: FrameText;
  readonly brand: Brand;
  /** Where the mark leads; null for nowhere. */
  readonly home: string | null;
  /** What was done just now. */
  readonly flash: string | null;
  /** The other languages, and where the page is shown in them; none where they cannot be chosen. */
  readonly languages: readonly { readonly tag: string; readonly name: string }[];
  /** Where a choice of the language returns to. */
  readonly returnTo: string;
  /** What the Content-Security-Policy lets run. */
  readonly nonce: string;
}

/** Renders the page in its frame, as an HTML document. All text in it is escaped. */
export function renderPage(view: PageView, options: FrameOptions): string {
  const { lang, text, brand, nonce } = options;
  const { title, body, width = 'narrow', hasSecretQuery, forward } = view;
  const colors = `:root{--brand:${brand.color};--on-brand:${readableOn(brand.color)}}`;
  const page = (
    <html lang={lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="theme-color" content={brand.color} />
        {forward && <meta http-equiv="refresh" content={`0;url=${forward}`} />}
        <title>{`${title} · ${brand.name}`}</title>
        <link rel="icon" href={iconOf(brand.color)} />
        <style nonce={nonce}>{raw(styles + colors)}</style>
        {hasSecretQuery && <script nonce={nonce}>{raw(forgetQuery)}</script>}
      </head>
      <body>
        <a class="skip" href="#main">
          {text.skip}
        </a>
        <Top view={view} options={options} />
        <main id="main" class={width}>
          <h1>{title}</h1>
          {options.flash && (
            <p class="notice" role="status">
              {options.flash}
            </p>
          )}
          {body}
        </main>
        <Footer {...options} />
        <script nonce={nonce}>{raw(improvements)}</script>
      </body>
    </html>
  );
  return `<!doctype html>${page.toString()}`;
}

function Top({ view, options }: { readonly view: PageView; readonly options: FrameOptions }) {
  const { brand, home, text } = options;
  const { navigation = [] } = view;
  const mark = (
    <>
      {brand.logoUrl === null ? <Mark color={brand.color} /> : <img src={brand.logoUrl} alt="" />}
      <span>{brand.name}</span>
    </>
  );
  return (
    <header class="top">
      {home === null ? (
        <span class="brand">{mark}</span>
      ) : (
        <a class="brand" href={home}>
          {mark}
        </a>
      )}
      {navigation.length > 0 && (
        <nav aria-label={text.navigation}>
          {navigation.map(({ href, text: label, isCurrent }) => (
            <a href={href} aria-current={isCurrent ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

function Footer({ text, brand, languages, lang, returnTo }: FrameOptions) {
  const links = [
    [brand.termsUrl, text.terms],
    [brand.privacyUrl, text.privacy],
    [brand.supportUrl, text.support],
  ] as const;
  return (
    <footer>
      {links.map(([href, label]) => href !== null && <a href={href}>{label}</a>)}
      {languages.length > 0 && (
        <form method="post" action="/language" aria-label={text.language}>
          <input type="hidden" name="returnTo" value={returnTo} />
          {languages.map(({ tag, name }) => (
            <button
              type="submit"
              class="link"
              name="language"
              value={tag}
              lang={tag}
              aria-current={tag === lang ? 'true' : undefined}
            >
              {name}
            </button>
          ))}
        </form>
      )}
    </footer>
  );
}

function Mark({ color }: { readonly color: string }) {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill={color} />
      <path d={keyhole} fill={readableOn(color)} />
    </svg>
  );
}

const keyhole = 'M16 7a5.5 5.5 0 0 0-2.7 10.3L12 25h8l-1.3-7.7A5.5 5.5 0 0 0 16 7z';

/** The mark as an image that no request is needed for. */
function iconOf(color: string): string {
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='8' fill='${color}'/><path d='${keyhole}' fill='${readableOn(color)}'/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
