/** Makes the recording that `recording.ts` describes, on QEMU. */
import { differenceOf } from './compare.ts';
import { runHere, runOnQemu, type Setting } from './harness.ts';
import { randomProgram } from './programs.ts';
import { checksumsOf, type RecordedProgram, type Recording, type SharedStart } from './recording.ts';

const MOST_STARTS = 200;
/** Programs of one start, where there are few. */
const SHARING = 10;
const BATCH = 2000;

/**
 * Records programs of consecutive seeds. A program on which we differ from QEMU is left out and counted: the recording
 * holds what the manual says.
 */
export function makeRecording(
  count: number,
  seed: number,
  progress: (done: number) => void,
  setting: Setting = {},
): { recording: Recording; leftOut: number } {
  const startCount = Math.min(MOST_STARTS, Math.ceil(count / SHARING));
  const starts: SharedStart[] = Array.from({ length: startCount }, (_, i) => {
    const { words: _words, ...start } = randomProgram((seed + i) >>> 0, setting);
    return start;
  });
  let candidates: Omit<RecordedProgram, 'checksums'>[] = Array.from({ length: count }, (_, number) => ({
    start: number % startCount,
    words: randomProgram((seed + startCount + number) >>> 0, setting).words,
  }));
  // What is left out moves those behind it to other addresses, which results may hold: then all are run again.
  for (;;) {
    const programs: RecordedProgram[] = [];
    for (let done = 0; done < candidates.length; done += BATCH) {
      const batch = candidates.slice(done, done + BATCH);
      const whole = batch.map(({ start, words }) => ({ ...starts[start]!, words }));
      const theirs = runOnQemu(whole, setting);
      const ours = runHere(whole, setting);
      for (const [i, program] of batch.entries())
        if (!differenceOf(ours[i]!, theirs[i]!)) programs.push({ ...program, checksums: checksumsOf(theirs[i]!) });
      progress(Math.min(candidates.length, done + BATCH));
    }
    if (programs.length === candidates.length)
      return { recording: { starts, programs }, leftOut: count - programs.length };
    candidates = programs;
  }
}
