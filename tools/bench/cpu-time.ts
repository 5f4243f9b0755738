import { access, readdir, readFile } from 'node:fs/promises';

/** Whether `cpuMs` works here: it needs Linux's scheduler statistics. */
export async function canMeasureCpu(): Promise<boolean> {
  return access('/proc/self/schedstat').then(
    () => true,
    () => false,
  );
}

/**
 * Returns the CPU time that a process has used, user and system, over all its current threads, in milliseconds. It
 * reads `schedstat`, which counts nanoseconds: the ticks of `/proc/<pid>/stat` are 10 ms, half as long as a start-up
 * takes. workerd keeps its threads, so no time is lost with a thread that ended.
 */
export async function cpuMs(pid: number): Promise<number> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder);
  const times = await Promise.all(
    threads.map(async (thread) => {
      // A thread may have ended since it was listed.
      const text = await readFile(`${folder}/${thread}/schedstat`, 'utf8').catch(() => '0');
      return Number(text.split(' ')[0]);
    }),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** Returns the current memory use of a process, in MiB. Needs Linux's process statistics, as `cpuMs` does. */
export async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
