import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { StandInInstructions } from '../../stand-in-code.ts';
import { type Answer, decodeStandIn, oauthError, type StandInRequest } from './answer.ts';
import type { Records } from './records.ts';

/** What came of a request to a token endpoint: the code's instructions, or the answer that ends it. */
export type Redemption =
  | { readonly kind: 'redeemed'; readonly instructions: StandInInstructions; readonly clientId: string }
  | { readonly kind: 'answered'; readonly answer: Answer };

/** Returns the id of the client that a request to the token endpoint is from; undefined unless it authenticates. */
export type AuthenticateClient = (
  request: StandInRequest,
  parameters: URLSearchParams,
) => Promise<string | undefined>;

/** Redeems an authorization code by RFC 6749 section 4.1.3 and RFC 7636 section 4.6, or as the code wants it to fail. */
export async function redeemCode(
  request: StandInRequest,
  records: Records,
  {
    authenticate = byClientSecret,
    isGrantTypeOptional = false,
  }: { readonly authenticate?: AuthenticateClient; readonly isGrantTypeOptional?: boolean } = {},
): Promise<Redemption> {
  const parameters = new URLSearchParams(request.body);
  const code = parameters.get('code') ?? '';
  const { path, headers } = request;
  records.addTokenRequest(code, { path, headers, parameters: Object.fromEntries(parameters) });
  const instructions = decodeStandIn(code) as StandInInstructions | undefined;
  if (instructions?.delayMs !== undefined) await setTimeout(instructions.delayMs);
  const failure = instructions && plannedFailure(instructions);
  if (failure) return { kind: 'answered', answer: failure };

  const refuse = (error: string, description: string): Redemption => ({
    kind: 'answered',
    answer: oauthError(error, description),
  });
  const grantType = parameters.get('grant_type') ?? (isGrantTypeOptional ? 'authorization_code' : null);
  if (grantType !== 'authorization_code') {
    return refuse('unsupported_grant_type', 'grant_type is not authorization_code');
  }
  const clientId = await authenticate(request, parameters);
  if (clientId === undefined) return refuse('invalid_client', 'the client does not authenticate');
  const isOfApp = instructions?.codeChallenge === '';
  if (!isOfApp && !parameters.get('redirect_uri'))
    return refuse('invalid_request', 'redirect_uri is missing');
  if (instructions === undefined) return refuse('invalid_grant', 'the code is unknown');
  if (!isOfApp && challengeOf(parameters.get('code_verifier') ?? '') !== instructions.codeChallenge) {
    return refuse('invalid_grant', 'code_verifier does not match');
  }
  if (records.redeem(code) > (instructions.uses ?? 1)) return refuse('invalid_grant', 'the code was used');
  return { kind: 'redeemed', instructions, clientId };
}

function plannedFailure(instructions: StandInInstructions): Answer | undefined {
  const { status, body, contentType = 'application/json', redirectTo, hugeBytes } = instructions;
  const headers = { 'content-type': contentType };
  if (redirectTo !== undefined) return { status: status ?? 302, headers: { location: redirectTo }, body: '' };
  if (hugeBytes !== undefined) {
    const filling = 'x'.repeat(Math.max(0, hugeBytes - '{"access_token":""}'.length));
    return { status: status ?? 200, headers, body: `{"access_token":"${filling}"}` };
  }
  if (status === undefined && body === undefined) return undefined;
  return { status: status ?? 200, headers, body: body ?? '' };
}

/** RFC 6749 section 2.3.1: by HTTP Basic or in the body, and not both. */
async function byClientSecret(
  { headers }: StandInRequest,
  parameters: URLSearchParams,
): Promise<string | undefined> {
  const basic = /^basic (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const secret = parameters.get('client_secret');
  if (basic === undefined) return (secret && parameters.get('client_id')) || undefined;
  if (secret !== null) return undefined;
  const [id = '', password = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return password === '' ? undefined : new URLSearchParams(`id=${id}`).get('id') || undefined;
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
