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
  const programs: RecordedProgram[] = [];
  let leftOut = 0;
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => {
      const number = done + i;
      return { start: number % STARTS, words: randomProgram((seed + STARTS + number) >>> 0).words };
    });
    const whole = batch.map(({ start, words }) => ({ ...starts[start]!, words }));
    const theirs = runOnQemu(whole);
    const ours = runHere(whole);
    for (const [i, program] of batch.entries()) {
      if (differenceOf(ours[i]!, theirs[i]!)) leftOut++;
      else programs.push({ ...program, checksums: checksumsOf(theirs[i]!) });
    }
    progress(Math.min(count, done + BATCH));
  }
  return { recording: { starts, programs }, leftOut };
}
