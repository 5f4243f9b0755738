import * as z from 'zod/mini';
import { encodeBase64Url } from '../crypto/base64url.ts';
import { open, seal } from '../crypto/seal.ts';
import type { Deps } from '../deps.ts';
import type { VisitorIds } from '../joints/visitor-reader.ts';
import { expiredHostCookie, hostCookie, readCookie } from './cookies.ts';

const HeldForm = z.strictObject({
  path: z.string(),
  fields: z.record(z.string(), z.string()),
  /** Milliseconds since the epoch, by the Worker's clock. */
  at: z.number(),
});

/** A form that waits while its sender authenticates again. */
export type HeldForm = z.output<typeof HeldForm>;

const cookieName = '__Host-nexora_held_form';
/** As long as an authentication counts as recent. */
const ttlSeconds = 600;
/** Browsers drop cookies of more than 4096 bytes, with their names and attributes. */
const valueLengthMax = 3800;

/** Whose form it is: their account, as long as nothing is closed that ends sessions (LNK-19). */
interface Holder extends VisitorIds {
  readonly closingNumber: number;
}

/**
 * Seals a form for the account of its sender, and no other, in a cookie of the browser: it may have a password in it, and
 * nothing of it is stored. One at a time: its id tells an older one, which is gone, from it.
 * @returns null where it is too long to be held
 */
export async function holdForm(
  { keyring, now }: Pick<Deps, 'keyring' | 'now'>,
  holder: Holder,
  form: Omit<HeldForm, 'at'>,
): Promise<{ readonly id: string; readonly cookie: string } | null> {
  const id = encodeBase64Url(crypto.getRandomValues(new Uint8Array(9)));
  const sealed = await seal(keyring, JSON.stringify({ ...form, at: now() }), associatedData(id, holder));
  const value = `${id}.${sealed}`;
  return value.length > valueLengthMax ? null : { id, cookie: hostCookie(cookieName, value, ttlSeconds) };
}

/** Opens the form of this id: null where the browser holds another or none, or it is somebody else's, from before a closing, or too old. */
export async function openHeldForm(
  headers: Headers,
  { keyring, now }: Pick<Deps, 'keyring' | 'now'>,
  holder: Holder,
  id: string,
): Promise<HeldForm | null> {
  const value = readCookie(headers.get('Cookie'), cookieName) ?? '';
  if (id === '' || !value.startsWith(`${id}.`)) return null;
  const text = await open(keyring, value.slice(id.length + 1), associatedData(id, holder));
  const form = text === null ? null : HeldForm.safeParse(JSON.parse(text));
  return form?.success && now() - form.data.at < ttlSeconds * 1000 ? form.data : null;
}

/** Makes the browser forget the form that it holds. */
export function clearHeldForm(headers: Headers): void {
  headers.append('Set-Cookie', expiredHostCookie(cookieName));
}

function associatedData(id: string, { userId, closingNumber }: Holder): string {
  return JSON.stringify(['held_form', id, userId, closingNumber]);
}
