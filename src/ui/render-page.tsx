import { sha256 } from '@noble/hashes/sha2.js';
import { raw } from 'hono/html';
import type { ButtonView, FieldView, FormView, LinkView, PageView } from './page-view.ts';

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:10vh auto;padding:0 1rem}
label{display:block;margin-top:1rem}input{display:block;box-sizing:border-box;width:100%;padding:.5rem;font:inherit}
button{margin-top:1.5rem;padding:.6rem 1.2rem;font:inherit}small{color:#555}[role=alert]{color:#a00}
pre{white-space:pre-wrap;overflow-wrap:anywhere}`;

/** Removes the token from the URL, where it would stay in the history and on the screen (RST-09). */
const script = "history.replaceState(null,'',location.pathname)";

/** The Content-Security-Policy of a page: its own style and script by their hashes, its own form, and nothing else. */
export function pagePolicy(): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${digest(style)}'`,
    `script-src 'sha256-${digest(script)}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ');
}

/** Renders the page as an HTML document. All text in it is escaped. */
export function renderPage(view: PageView): string {
  const { lang, title, alert, paragraphs, form, buttons = [], preformatted, links = [] } = view;
  const page = (
    <html lang={lang}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{title}</title>
        <style>{raw(style)}</style>
        <script>{raw(script)}</script>
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          {alert && <p role="alert">{alert}</p>}
          {paragraphs.map((text) => (
            <p>{text}</p>
          ))}
          {form && <Form {...form} />}
          {buttons.map((button) => (
            <Button {...button} />
          ))}
          {preformatted && <pre>{preformatted}</pre>}
          {links.map((link) => (
            <Link {...link} />
          ))}
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${page.toString()}`;
}

function Link({ href, text, note }: LinkView) {
  return (
    <p>
      <a href={href}>{text}</a>
      <Note text={note} />
    </p>
  );
}

function Note({ text }: { readonly text: string | null }) {
  return (
    text && (
      <>
        <br />
        <small>{text}</small>
      </>
    )
  );
}

function Form({ action, hidden, fields, submit, problem }: FormView) {
  return (
    <form method="post" action={action}>
      {problem && <p role="alert">{problem}</p>}
      <HiddenFields hidden={hidden} />
      {fields.map((field) => (
        <Field {...field} />
      ))}
      <button type="submit">{submit}</button>
    </form>
  );
}

function Button({ action, hidden, text, note }: ButtonView) {
  return (
    <form method="post" action={action}>
      <HiddenFields hidden={hidden} />
      <button type="submit">{text}</button>
      <Note text={note} />
    </form>
  );
}

function HiddenFields({ hidden }: Pick<FormView, 'hidden'>) {
  return (
    <>
      {Object.entries(hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  );
}

function Field({ name, label, type, autocomplete, hint }: FieldView) {
  const hintId = hint === undefined ? undefined : `${name}-hint`;
  return (
    <label>
      {label}
      <input name={name} type={type} autocomplete={autocomplete} required aria-describedby={hintId} />
      {hint && <small id={hintId}>{hint}</small>}
    </label>
  );
}

function digest(text: string): string {
  return btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))));
}
