import { NeonDbError } from '@neondatabase/serverless';

/** Explains why a database could not be used and what to do about it, without the password. */
export function explainDatabaseError(
  error: unknown,
  target: { readonly url: string; readonly endpoint?: string | undefined },
): string {
  const { username, password, hostname, pathname } = new URL(target.url);
  const explanation = explain(error, {
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    address: target.endpoint ?? hostname,
  });
  // Today's driver and server do not repeat it; later ones might.
  const secrets = [password, decodeURIComponent(password)].filter((secret) => secret !== '');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), explanation);
}

function explain(
  error: unknown,
  target: { readonly user: string; readonly database: string; readonly address: string },
): string {
  if (!(error instanceof NeonDbError)) return error instanceof Error ? error.message : String(error);
  if (error.code?.startsWith('28')) {
    return `The database refuses the log-in of "${target.user}": ${error.message}. Check user and password in DATABASE_URL.`;
  }
  if (error.code === '3D000') {
    return `There is no database "${target.database}" at ${target.address}. Create it, or correct DATABASE_URL.`;
  }
  if (error.code === '42501') {
    return `"${target.user}" may not do this: ${error.message}. Migrations need the owner of the tables.`;
  }
  if (error.sourceError) {
    return (
      `The database cannot be reached at ${target.address}: ${reasonOf(error.sourceError)}. ` +
      'Check DATABASE_URL and DATABASE_HTTP_ENDPOINT; the development database answers while `npm run dev` is running.'
    );
  }
  return [error.message, error.detail, error.hint].filter(Boolean).join('; ');
}

/** fetch() hides the reason in the cause of its error. */
function reasonOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String((cause as NodeJS.ErrnoException).code);
}
