/** The search for the pending interrupt of highest priority. */
import type { PendingInterrupt } from './cpu-interface.ts';
import type { InterruptBank } from './interrupt-bank.ts';
import type { InterruptGroup } from './interrupt-id.ts';

/**
 * Most urgent interrupt of a bank that is pending, enabled, not active, in a group and in one of the `eligible` bitmaps
 * (any, when none is given), unless `best` (one found before) is as urgent. Of equally urgent ones the lowest INTID is
 * taken.
 */
export function mostUrgent(
  bank: InterruptBank,
  group: InterruptGroup,
  twoSecurityStates: boolean,
  best: PendingInterrupt | undefined,
  eligible?: Uint32Array,
  orEligible?: Uint32Array,
): PendingInterrupt | undefined {
  let found = best;
  for (let word = 0; word < bank.words; word++) {
    const waiting = bank.waiting(word);
    if (waiting === 0) continue;
    let candidates = waiting & bank.membersOf(group, word, twoSecurityStates);
    if (eligible) candidates &= (eligible[word] ?? 0) | (orEligible?.[word] ?? 0);
    for (let bits = candidates; bits !== 0; bits &= bits - 1) {
      const intid = bank.first + word * 32 + 31 - Math.clz32(bits & -bits);
      const priority = bank.priority(intid);
      if (!found || priority < found.priority || (priority === found.priority && intid < found.intid)) {
        found = { intid, priority, group };
      }
    }
  }
  return found;
}
