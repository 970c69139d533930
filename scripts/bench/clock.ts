/** Processor time, which other work on the host disturbs less than the time of day. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Seconds that all threads of a process have run. Where the host does not tell (anything but Linux), seconds of the
 * wall clock.
 */
export function processorSeconds(pid: number): number {
  try {
    const tasks = `/proc/${pid}/task`;
    let nanoseconds = 0;
    for (const task of readdirSync(tasks))
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    return nanoseconds / 1e9;
  } catch {
    return performance.now() / 1000;
  }
}
