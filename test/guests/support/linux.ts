/** Linux of Debian in this process: from reset to power-off, with everything that the machine recorded. */
import { type GuestExitCause, GuestExits } from '../../../debug-adapter/debugger/guest-exits.ts';
import { wordsOf } from '../conformance/boot.ts';
import { type LinuxVariant, linux } from '../conformance/guests.ts';
import { guest } from './guest-file.ts';
import { machineFor, type Played, play, type Script } from './play.ts';

export const linuxFiles = [guest('linux/Image'), guest('linux/initramfs.cpio')] as const;

export function linuxScript(variant: LinuxVariant, configuration: Script['configuration'] = {}): Script {
  return { configuration: { reverseDebugging: false, ...configuration }, words: wordsOf(linux(variant)) };
}

export interface LinuxRun extends Played {
  /** What its guests' exits cost, by cause. */
  readonly exits: readonly GuestExitCause[];
}

export async function playLinux(variant: LinuxVariant, configuration?: Script['configuration']): Promise<LinuxRun> {
  const script = linuxScript(variant, configuration);
  const machine = await machineFor(script);
  const played = play(machine, script);
  return { ...played, exits: new GuestExits(machine.exceptions).causes };
}
