import { sql } from '../../src/db/sql.ts';
import { freshClient } from './accounts.ts';
import { type Answer, type Overrides, TestClient } from './client.ts';
import { databaseUrl, faultyEndpoint, openDatabase } from './database.ts';
import { mainOf } from './shown-page.ts';

export type Cookies = Readonly<Record<string, string>>;

/** Posts a form of a page from a client of its own, as far as limits go. */
export function press(
  client: TestClient,
  path: string,
  form: Readonly<Record<string, string>>,
  cookies: Cookies = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return client.submit(path, form, { cookies, headers: { ...freshClient(), ...headers } });
}

/** Where an answer leads, with its status. */
export function led({ status, headers }: Answer): [status: number, location: string | null] {
  return [status, headers.get('Location')];
}

/** The names of the cookies that an answer clears. */
export function clearedBy({ setCookies }: Answer): string[] {
  return setCookies.filter((line) => line.includes('Max-Age=0')).map((line) => line.split('=', 1)[0]!);
}

/** The cookies of a session, and of a form that waits: what a page clears when somebody signs out. */
export const sessionCookies = ['__Host-nexora_access', '__Host-nexora_refresh', '__Host-nexora_held_form'];

/** The markup of a section of a page of the account; undefined where it is not there. */
export function sectionOf(answer: Answer, name: string): Answer | undefined {
  const section = new RegExp(`<section class="card" id="${name}".*?</section>`, 's').exec(
    mainOf(answer),
  )?.[0];
  return section === undefined ? undefined : { ...answer, text: `<main>${section}</main>` };
}

/** The tag of the field of this name; undefined where there is none. */
export function inputOf(answer: Answer, name: string): string | undefined {
  return new RegExp(`<input[^>]* name="${name}"[^>]*>|<input name="${name}"[^>]*>`).exec(mainOf(answer))?.[0];
}

/** The name of the field that is focused when the page is shown. */
export function focusedIn(answer: Answer): string | undefined {
  return /<input name="([^"]*)"[^>]* autofocus/.exec(mainOf(answer))?.[1];
}

/** The same page as every request gets it: without its nonce, the id of the request and what was typed. */
export function unrequested({ text }: Answer, typed: string): string {
  const untyped = text.replaceAll(typed, '');
  return untyped.replaceAll(/nonce="[^"]*"/g, '').replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '');
}

/** Lets the last authentication of a user be too long ago for whatever needs a recent one. */
export function makeStale(email: string): Promise<unknown> {
  return openDatabase(databaseUrl()).query(sql`
    UPDATE sessions SET authenticated_at = authenticated_at - interval '11 minutes',
      second_factor_at = second_factor_at - interval '11 minutes'
    WHERE user_id = (SELECT u.id FROM users u WHERE u.email = ${email})`);
}

/** A client of a service whose database is out of reach. */
export async function withoutDatabase(overrides: Overrides = {}): Promise<TestClient> {
  const { endpoint } = await faultyEndpoint({ always: 'refuse' });
  return new TestClient({ ...overrides, DATABASE_HTTP_ENDPOINT: endpoint });
}
