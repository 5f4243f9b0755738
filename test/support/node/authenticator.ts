import { setTimeout } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';
import { fill, press, see, type Visitor, visit } from './visitor.ts';

/** Somebody's authenticator app and backup codes. */
export interface Authenticator {
  /** A code that is accepted now and was not shown before. Waits for one where that has to be. */
  code(): Promise<string>;
  /** A code that no authenticator shows. */
  wrongCode(): string;
  /** Unused, unless a test used them. */
  readonly backupCodes: readonly string[];
}

const stepMs = 30_000;

/** Turns two-factor on, for somebody who is signed in and whose address is confirmed, and stays on the page of the codes. */
export async function turnOnTwoFactor(visitor: Visitor): Promise<Authenticator> {
  await visit(visitor, '/account/security');
  await press(visitor, 'Set up');
  await see(visitor, 'Set up two-factor authentication');
  return finishSetup(visitor);
}

/** The same, on the page of the setup. */
export async function finishSetup(visitor: Visitor): Promise<Authenticator> {
  const { page } = visitor;
  const shown = openCodes((await page.locator('.secret').textContent())?.replaceAll(' ', '') ?? '');
  await fill(visitor, { 'Six-digit code': await shown.code() });
  await press(visitor, 'Turn on');
  await see(visitor, 'Keep your backup codes');
  return { ...shown, backupCodes: await page.locator('ol.codes li').allTextContents() };
}

/** The codes of a secret: of one time step before and after now too, as the service lets clocks differ. */
function openCodes(secret: string): Omit<Authenticator, 'backupCodes'> {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const codeAt = (step: number) => totp.generate({ timestamp: step * stepMs });
  const now = () => Math.floor(Date.now() / stepMs);
  let lastStep = 0;
  return {
    async code() {
      // One that has a while to live.
      const isEarly = Date.now() % stepMs < stepMs / 2;
      lastStep = Math.max(lastStep + 1, isEarly ? now() - 1 : now());
      while (lastStep > now() + 1) await setTimeout(100);
      return codeAt(lastStep);
    },
    wrongCode() {
      const near = [-2, -1, 0, 1, 2].map((distance) => codeAt(now() + distance));
      const wrong = ['000000', '111111', '222222', '333333', '444444', '555555'];
      return wrong.find((code) => !near.includes(code)) ?? '';
    },
  };
}
