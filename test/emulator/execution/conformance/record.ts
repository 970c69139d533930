/** Makes the recording that `recording.ts` describes, on QEMU. */
import { differenceOf } from './compare.ts';
import { runHere, runOnQemu } from './harness.ts';
import { randomProgram } from './programs.ts';
import { checksumsOf, type RecordedProgram, type Recording, type SharedStart } from './recording.ts';

const STARTS = 200;
const BATCH = 2000;

/**
 * Records programs of consecutive seeds. A program on which we differ from QEMU is left out and counted: the recording
 * holds what the manual says.
 */
export function makeRecording(
  count: number,
  seed: number,
  progress: (done: number) => void,
): { recording: Recording; leftOut: number } {
  const starts: SharedStart[] = Array.from({ length: STARTS }, (_, i) => {
    const { words: _words, ...start } = randomProgram((seed + i) >>> 0);
    return start;
  });
  let candidates: Omit<RecordedProgram, 'checksums'>[] = Array.from({ length: count }, (_, number) => ({
    start: number % STARTS,
    words: randomProgram((seed + STARTS + number) >>> 0).words,
  }));
  // What is left out moves those behind it to other addresses, which results may hold: then all are run again.
  for (;;) {
    const programs: RecordedProgram[] = [];
    for (let done = 0; done < candidates.length; done += BATCH) {
      const batch = candidates.slice(done, done + BATCH);
      const whole = batch.map(({ start, words }) => ({ ...starts[start]!, words }));
      const theirs = runOnQemu(whole);
      const ours = runHere(whole);
      for (const [i, program] of batch.entries())
        if (!differenceOf(ours[i]!, theirs[i]!)) programs.push({ ...program, checksums: checksumsOf(theirs[i]!) });
      progress(Math.min(candidates.length, done + BATCH));
    }
    if (programs.length === candidates.length)
      return { recording: { starts, programs }, leftOut: count - programs.length };
    candidates = programs;
  }
}
