import type { BenchRequest, HttpClient } from './http-client.ts';
import type { Report, Row, SectionOptions } from './report.ts';
import { auc, median } from './stats.ts';

/** A class of requests that an attacker must not tell from others by its time. */
export interface TimedClass {
  readonly name: string;
  /** The request with this index, the same in all runs; requests differ in the account that they name. */
  readonly request: (attempt: number) => BenchRequest;
  /** The expected status of each answer. */
  readonly status: number;
  /** The class that it is compared with. */
  readonly reference: string;
  /** False if the time is reported but not judged: bcrypt cannot take the time of another hash (HSH-11). */
  readonly isJudged: boolean;
}

/** The accounts of each kind: a different one each time, so that no limit is reached before all had their turn. */
export const accountsPerKind = 250;

/** The e-mail address of an account of that kind, another one for each attempt until all had their turn. */
export function emailFor(kind: string, attempt: number): string {
  return `${kind}-${attempt % accountsPerKind}@example.com`;
}

const runs = 3;
const runsWanted = 2;
const aucDeviationMax = 0.1;

/** The times of one class in one run, in milliseconds, and the received statuses. */
interface Sample {
  readonly times: number[];
  readonly statuses: Set<number>;
}

/** Sends requests of all classes, one at a time, in three runs, and compares each class with its reference. */
export async function compareTimes(
  classes: readonly TimedClass[],
  client: HttpClient,
  { isQuick }: SectionOptions,
): Promise<Report> {
  const [warmUps, samples] = isQuick ? [2, 20] : [20, 200];
  const perRun: Map<TimedClass, Sample>[] = [];
  for (let run = 0; run < runs; run++) perRun.push(await runOnce(classes, client, warmUps, samples));
  return {
    notes: [
      `${samples} requests per class and run after ${warmUps} warm-ups, one at a time, classes in random order; ${runs} runs.`,
      `ok: AUC against the class in brackets within 0.5 +- ${aucDeviationMax}, medians at most max(5 ms, 10 %) apart and that status alone, in ${runsWanted} of ${runs} runs.`,
    ],
    columns: ['request', 'median', 'AUC by run', 'median difference by run', 'status'],
    rows: classes.map((one) => toRow(one, classes, perRun)),
  };
}

/**
 * Sends one request of each class in turn, in an order that is drawn anew each time, so that none always follows the
 * same one.
 */
async function runOnce(
  classes: readonly TimedClass[],
  client: HttpClient,
  warmUps: number,
  samples: number,
): Promise<Map<TimedClass, Sample>> {
  const found = new Map(classes.map((one) => [one, { times: [] as number[], statuses: new Set<number>() }]));
  for (let attempt = 0; attempt < warmUps + samples; attempt++) {
    for (const [one, sample] of shuffled([...found])) {
      const { status, tookMs } = await client.send(one.request(attempt));
      sample.statuses.add(status);
      if (attempt >= warmUps) sample.times.push(tookMs);
    }
  }
  return found;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function toRow(
  one: TimedClass,
  classes: readonly TimedClass[],
  perRun: readonly Map<TimedClass, Sample>[],
): Row {
  const reference = classes.find(({ name }) => name === one.reference);
  const verdicts = perRun.map((found) => compare(found, one, reference));
  const passed = verdicts.filter(({ isAlike }) => isAlike).length;
  const statuses = new Set(perRun.flatMap((found) => [...(found.get(one)?.statuses ?? [])]));
  const cells = [
    `${one.name} (${one.reference})`,
    `${median(verdicts.map((verdict) => verdict.medianMs)).toFixed(1)} ms`,
    verdicts.map((verdict) => verdict.auc.toFixed(2)).join(' '),
    `${verdicts.map((verdict) => verdict.differenceMs.toFixed(1)).join(' ')} ms`,
    [...statuses].join(' '),
  ];
  if (!one.isJudged) return { cells, verdict: undefined };
  return { cells, verdict: passed >= runsWanted ? 'ok' : 'over' };
}

function compare(found: ReadonlyMap<TimedClass, Sample>, one: TimedClass, other: TimedClass | undefined) {
  const reference = (other && found.get(other)?.times) ?? [];
  const { times, statuses } = found.get(one) ?? { times: [], statuses: new Set<number>() };
  const medianMs = median(times);
  const differenceMs = medianMs - median(reference);
  const ownAuc = auc(times, reference);
  const isAlike =
    Math.abs(ownAuc - 0.5) <= aucDeviationMax &&
    Math.abs(differenceMs) <= Math.max(5, median(reference) / 10) &&
    [...statuses].every((status) => status === one.status);
  return { medianMs, auc: ownAuc, differenceMs, isAlike };
}
