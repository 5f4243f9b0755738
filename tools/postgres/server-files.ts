import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyBinaries } from './copy-binaries.ts';

/** The files of one server, in a temporary folder that its user can reach. */
export interface ServerFiles {
  readonly folder: string;
  /** Contains `bin`, `lib` and `share`. */
  readonly binaries: string;
  readonly data: string;
  readonly password: string;
  readonly passwordFile: string;
  /** The user that runs the programs; undefined for the user of this process. */
  readonly account: Account | undefined;
  remove(): Promise<void>;
}

/** A user of this machine, by id. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Creates the files of a server, with a random password. */
export async function prepareServerFiles(): Promise<ServerFiles> {
  const account = await unprivilegedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'nexora-postgres-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const [binaries, data, passwordFile] = ['binaries', 'data', 'password'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const password = randomBytes(16).toString('hex');
  try {
    await copyBinaries(binaries);
    await mkdir(data, { mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (account) {
      await chmod(folder, 0o755);
      for (const path of [folder, data, passwordFile]) await chown(path, account.uid, account.gid);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, binaries, data, password, passwordFile, account, remove };
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((row) => row.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user "nobody" to run PostgreSQL');
  return { uid: Number(uid), gid: Number(gid) };
}
