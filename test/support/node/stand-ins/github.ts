import { encodeStandIn, type StandInGitHubUser } from '../../stand-in-code.ts';
import {
  type Answer,
  bearerToken,
  decodeStandIn,
  json,
  override,
  type StandIn,
  type StandInRequest,
} from './answer.ts';
import type { Records } from './records.ts';
import { redeemCode } from './redeem-code.ts';

/** GitHub's names of what RFC 6749 calls otherwise. */
const errors: Readonly<Record<string, string>> = {
  invalid_grant: 'bad_verification_code',
  invalid_client: 'incorrect_client_credentials',
  invalid_request: 'redirect_uri_mismatch',
};

/**
 * GitHub's OAuth apps, which answer errors with status 200 and forms unless asked for JSON, and its REST API, which wants
 * a User-Agent. https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export function gitHubStandIn(records: Records): StandIn {
  return async (request) => {
    switch (`${request.method} ${request.path}`) {
      case 'POST /github.com/login/oauth/access_token':
        return giveToken(request, records);
      case 'GET /api.github.com/user':
        return withUser(request, ({ userStatus = 200, ...user }) => json(aboutUser(user), userStatus));
      case 'GET /api.github.com/user/emails':
        return withUser(request, ({ emails, emailsStatus = 200 }) => json(emails, emailsStatus));
      default:
        return undefined;
    }
  };
}

async function giveToken(request: StandInRequest, records: Records): Promise<Answer> {
  // Its apps redeem codes without naming the only grant that there is.
  const redemption = await redeemCode(request, records, { isGrantTypeOptional: true });
  if (redemption.kind === 'answered') return asGitHub(request, redemption.answer);
  const { sub, github, tokenResponse } = redemption.instructions;
  const email = { email: `${sub}@example.com`, primary: true, verified: true, visibility: 'public' } as const;
  const user: StandInGitHubUser = github ?? { id: 583231, login: sub, name: 'Sam Stand-In', emails: [email] };
  const token = {
    access_token: `gho_${encodeStandIn(user)}`,
    scope: 'read:user,user:email',
    token_type: 'bearer',
  };
  return inWantedFormat(request, override(token, tokenResponse));
}

/** An error as GitHub words it; what the code wanted to have answered stays as it is. */
function asGitHub(request: StandInRequest, answer: Answer): Answer {
  if (![400, 401].includes(answer.status)) return answer;
  const { error, error_description } = (decodeJson(answer.body) ?? {}) as Record<string, string | undefined>;
  const named = error === undefined ? undefined : errors[error];
  if (named === undefined) return answer;
  return inWantedFormat(request, { error: named, error_description, error_uri: 'https://docs.github.com' });
}

function inWantedFormat(request: StandInRequest, entries: Readonly<Record<string, unknown>>): Answer {
  if (request.headers.accept?.includes('application/json')) return json(entries);
  const form = new URLSearchParams(Object.entries(entries).map(([name, value]) => [name, String(value)]));
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { status: 200, headers, body: form.toString() };
}

function withUser(request: StandInRequest, answer: (user: StandInGitHubUser) => Answer): Answer {
  if (!request.headers['user-agent']) {
    const body =
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.';
    return { status: 403, headers: { 'content-type': 'text/plain' }, body };
  }
  const token = bearerToken(request);
  const user = token?.startsWith('gho_') ? decodeStandIn(token.slice('gho_'.length)) : undefined;
  return user === undefined ? json({ message: 'Bad credentials' }, 401) : answer(user as StandInGitHubUser);
}

function aboutUser({ id, login, name, emails }: StandInGitHubUser): object {
  const email = emails.find(({ visibility }) => visibility === 'public')?.email ?? null;
  return { login, id, node_id: `MDQ6VXNlcj${id}`, type: 'User', name, email };
}

function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
