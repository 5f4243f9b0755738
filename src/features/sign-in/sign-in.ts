import type { Fragment } from '../../db/sql.ts';
import type { Deps } from '../../deps.ts';
import { completionSteps, type PendingCompletion } from '../../joints/sign-in-completion.ts';
import { readDevice } from '../../request/device.ts';
import { deviceTokenFor, type PresentedDevice } from '../known-devices/index.ts';
import {
  createOneTimeToken,
  mailNotMeLink,
  type NewOneTimeToken,
  prepareLinkTo,
} from '../one-time-tokens/index.ts';
import { type IssuedTokens, issueTokens, type Opening, type Transport } from '../sessions/index.ts';
import type { TrustEntry } from '../trusted-devices/index.ts';
import { toUser, type User } from '../users/index.ts';
import { type Challenge, challengeOf } from './challenge/challenge.ts';
import type { OpeningRow, SignedInRow } from './settle-sign-in.sql.ts';
import { unlessTrusted } from './unless-trusted.sql.ts';

/** A sign-in that began a session: the user and its tokens. */
export interface SignIn {
  readonly outcome: 'session';
  readonly user: User;
  readonly tokens: IssuedTokens;
  /** Makes the device known to the account. */
  readonly deviceToken: string;
}

/** The device of a sign-in, and the requested transport: both if undefined. */
export interface SignInSettings {
  readonly transport: Transport | undefined;
  readonly device: PresentedDevice;
  /** The accounts that trust the device: they are not asked for their second factor. None if undefined. */
  readonly trusted?: readonly TrustEntry[];
}

/** What a proof opens for this client, or the challenge that it leads to: see `beginSession` and `issueChallenge`. */
export interface SignInOpening extends Opening {
  readonly challenge: NewOneTimeToken;
  readonly transport: Transport | undefined;
  readonly trusted: readonly TrustEntry[];
  /** What it does once it is complete; null for nothing. */
  readonly completion: Completion | null;
}

/** A completion, and what it does. */
export interface Completion {
  readonly pending: PendingCompletion;
  /** @param begun the session that the transaction began */
  readonly steps: (begun: Fragment) => Readonly<Record<string, Fragment | null>>;
}

/** Prepares what a right password opens for this client. */
export function passwordOpening(deps: Deps, settings: SignInSettings): Promise<SignInOpening> {
  return prepareOpening(deps, settings, { method: 'password', amr: ['pwd'], isSecondStep: false });
}

/**
 * The opening of a sign-in that does something once it is complete, and tells the owner of it.
 * @param email of the account, as it is stored
 */
export async function completedBy(
  deps: Deps,
  opening: SignInOpening,
  pending: PendingCompletion,
  email: string,
): Promise<SignInOpening> {
  const { loadRules, metadata } = deps;
  const { signInCompletions } = await loadRules();
  const completion = signInCompletions.find(({ name }) => name === pending.name);
  // A row of a version that had another one: the sign-in goes on without.
  if (completion === undefined) return { ...opening, completion: { pending, steps: () => ({}) } };
  const { told } = completion;
  const { content } = pending;
  const link = await prepareLinkTo(deps, email, told.kind, told.details(content));
  const tellOwner = mailNotMeLink(told.concerned(content), link, 'recipient', metadata);
  const steps = (begun: Fragment) => ({
    ...completionSteps(completion, content, begun, metadata),
    tellCompleted: tellOwner,
  });
  return { ...opening, completion: { pending, steps } };
}

/** Prepares what a proof opens for this client. */
export async function prepareOpening(
  { config, loadRules, metadata, keyring }: Deps,
  { transport, device, trusted = [] }: SignInSettings,
  proof: Opening['proof'],
): Promise<SignInOpening> {
  return {
    proof,
    session: {
      id: crypto.randomUUID(),
      hasCookieToken: transport !== 'body',
      hasBodyToken: transport !== 'cookie',
      ipAddress: metadata.ipAddress,
      userAgent: metadata.userAgent,
      device: await readDevice(metadata.userAgent),
      location: metadata.location,
      deviceId: device.id,
      ttlSeconds: config.session.ttlSeconds,
      idleTtlSeconds: config.session.idleTtlSeconds,
    },
    secondFactors: unlessTrusted((await loadRules()).secondFactors, trusted),
    isVerificationRequired: config.emailVerification === 'required',
    challenge: createOneTimeToken(keyring, 'two_factor_challenge'),
    ...{ transport, trusted },
    completion: null,
  };
}

/**
 * Builds the result of an opening from its row. Null when neither a session nor a challenge came of it: the user was
 * banned, say, since the proof was checked. A second factor that has lapsed is ended: one round trip more, for the first
 * sign-in after an operator's reset became effective.
 */
export async function completeOpening(
  deps: Deps,
  device: PresentedDevice,
  opening: SignInOpening,
  row: SignedInRow | OpeningRow | null,
): Promise<SignIn | Challenge | null> {
  if (row === null) return null;
  if (row.session_id === null) {
    const { challenge, transport } = opening;
    return row.verdict === 'challenge' ? challengeOf(deps.keyring, challenge, transport, row.methods) : null;
  }
  if (!row.has_lapsed_factor) return completeSignIn(deps, device, opening, row);
  const { secondFactors } = await deps.loadRules();
  for (const factor of secondFactors) await factor.endLapsed(deps, row.user_id);
  return completeSignIn(deps, device, opening, { ...row, two_factor_enabled: false });
}

/** Builds the result of a sign-in from the row of the session that was begun. */
async function completeSignIn(
  deps: Deps,
  device: PresentedDevice,
  { session, proof }: Opening,
  row: SignedInRow,
): Promise<SignIn> {
  const tokens = await issueTokens(deps, {
    userId: row.user_id,
    sessionId: row.session_id,
    authTime: row.auth_time,
    amr: proof.amr,
    counters: { ...(session.hasCookieToken && { cookie: 0 }), ...(session.hasBodyToken && { body: 0 }) },
    refreshExpiresIn: row.expires_in,
  });
  const account = { userId: row.user_id, generation: row.device_generation };
  const deviceToken = deviceTokenFor(deps.keyring, device, account);
  return { outcome: 'session', user: toUser(row), tokens, deviceToken };
}
