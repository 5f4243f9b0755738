import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import {
  aucDeviationMax,
  columns,
  compareTimes,
  runs,
  runsWanted,
  type Size,
  sizeOf,
} from './compare-times.ts';
import { HttpClient } from './http-client.ts';
import { loginClasses, seedAccounts } from './login-classes.ts';
import type { Report, Row, SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { startWorker } from './workerd.ts';

/** Measures whether the time of a failed login reveals which accounts exist (ENU-02, ENU-03, ENU-06). */
export async function measureTiming({ isQuick }: SectionOptions): Promise<Report> {
  const size = sizeOf(isQuick);
  const database = await startBenchDatabase();
  try {
    const vars = await createServiceVars(database);
    const worker = await startWorker({ ...(await bundleWorker()), vars });
    const client = new HttpClient(worker.url, 1);
    try {
      await registerOne(client);
      await seedAccounts(database.runner, vars.AUTH_SECRET);
      return describe(await compareTimes(loginClasses, client, size), size);
    } finally {
      client.close();
      await worker.stop();
    }
  } finally {
    await database.close();
  }
}

async function registerOne(client: HttpClient): Promise<void> {
  const password = 'the right password';
  const body = { email: 'first@example.com', name: 'Bench', password, confirmPassword: password };
  const { status, text } = await client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not created: ${status} ${text}`);
}

function describe(rows: readonly Row[], { warmUps, samples }: Size): Report {
  return {
    notes: [
      `${samples} logins per class and run after ${warmUps} warm-ups, one at a time, classes in random order; ${runs} runs.`,
      `ok: AUC against "known" within 0.5 +- ${aucDeviationMax}, medians at most max(5 ms, 10 %) apart and 401 alone, in ${runsWanted} of ${runs} runs;`,
      'locked ones are compared with "locked, known" and must be 429.',
      'HSH-11: bcrypt takes a time of its own; such hashes are replaced at the next login.',
    ],
    columns: ['failed login', ...columns],
    rows,
  };
}
