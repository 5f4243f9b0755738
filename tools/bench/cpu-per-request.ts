import { roundTripsOf } from './account-requests.ts';
import { cpuMs } from './cpu-time.ts';
import type { BenchRequest, HttpClient } from './http-client.ts';

/** A measured request and its Worker. */
export interface Subject {
  readonly name: string;
  readonly client: HttpClient;
  /** The id of the Worker's process. */
  readonly pid: number;
  /** The request, or what returns another one each time. */
  readonly request: BenchRequest | (() => BenchRequest);
}

/** The amount of work. */
export interface Plan {
  /** The turns of each subject that are not counted: V8 compiles what runs often, some thousand requests long. */
  readonly warmUpTurns: number;
  readonly rounds: number;
  /** The turns of each subject in a round: whatever else the machine does affects all subjects alike. */
  readonly turns: number;
  readonly requestsPerTurn: number;
}

/** The cost of one subject. */
export interface Cost {
  readonly name: string;
  /** Milliseconds of CPU per request, turn by turn in each round. */
  readonly msByRound: readonly (readonly number[])[];
  /** The database round trips of one request as the service reports them; undefined if it does not. */
  readonly roundTrips: string | undefined;
}

/** Measures the CPU time of each subject's Worker. */
export async function cpuPerRequest(subjects: readonly Subject[], plan: Plan): Promise<Cost[]> {
  const costs = [];
  for (const { name, client, request } of subjects) {
    let response = await client.repeat(request, plan.requestsPerTurn);
    for (let turn = 1; turn < plan.warmUpTurns; turn++)
      response = await client.repeat(request, plan.requestsPerTurn);
    costs.push({ name, msByRound: [] as number[][], roundTrips: roundTripsOf(response) });
  }
  for (let round = 0; round < plan.rounds; round++) {
    const turns = await runRound(subjects, plan);
    for (const [index, ms] of turns.entries()) costs[index]?.msByRound.push(ms);
  }
  return costs;
}

/** Milliseconds of CPU per request, subject by subject and turn by turn. */
async function runRound(subjects: readonly Subject[], { turns, requestsPerTurn }: Plan): Promise<number[][]> {
  const cpuTimes: number[][] = subjects.map(() => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, { client, pid, request }] of subjects.entries()) {
      const before = await cpuMs(pid);
      await client.repeat(request, requestsPerTurn);
      cpuTimes[index]?.push(((await cpuMs(pid)) - before) / requestsPerTurn);
    }
  }
  return cpuTimes;
}
