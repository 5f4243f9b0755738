import { html } from 'hono/html';

/** Renders the page that asks somebody who they are. */
export function renderLogInPage(options: {
  readonly name: string;
  /** What the address is at first. */
  readonly email: string;
  readonly problem?: string;
}): string {
  const problem =
    options.problem === undefined ? '' : html`<p role="alert"><strong>${options.problem}</strong></p>`;
  return page(
    options.name,
    html`<h1>${options.name}</h1>
<p>This issuer is for development: it asks for no password and lets in whoever asks.</p>
${problem}
<form method="post">
<label>E-mail address <input name="email" type="email" required autofocus value="${options.email}"></label>
<label>Name <input name="name" autocomplete="name"></label>
<label><input name="email_verified" type="checkbox" value="true" checked> The address is verified</label>
<button name="action" value="continue">Continue</button>
<button name="action" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

/** Renders a page that tells why there is nothing to log in to. */
export function renderErrorPage(reason: string): string {
  return page('Not possible', html`<h1>Not possible</h1><p>${reason}</p>`);
}

function page(title: string, body: unknown): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; }
label { display: block; margin: 1rem 0; }
input:not([type=checkbox]) { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem; }
button { font: inherit; padding: .4rem 1rem; }
</style>
</head>
<body>
${body}
</body>
</html>`.toString();
}
