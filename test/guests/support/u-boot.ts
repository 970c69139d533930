/** Debian's U-Boot for QEMU's `virt` board. */
import { ubootFile } from '../../support/requires.ts';
import { listen, machineFor, type Script } from './play.ts';
import { runWords } from './run-words.ts';

export const firmware = ubootFile('u-boot.bin');
export const firmwareWithElf = [firmware, ubootFile('uboot.elf')] as const;

export const prompt = '=> ';
export const uBootWords = ['-M', 'virt,virtualization=on', '-bios', firmware.find() ?? 'u-boot.bin'] as const;

/** A key at the countdown, which would take two seconds of the guest's time. */
export const toPrompt = ['--expect', 'stop autoboot', '--input', ' ', '--expect', prompt] as const;

/** How far U-Boot moves itself, as its own command tells. */
export async function relocationOffset(): Promise<string> {
  const { output } = await runWords(
    ...uBootWords,
    ...toPrompt,
    ...['--input', 'bdinfo\\n', '--expect', 'reloc off', '--expect', prompt],
    ...['--max-instructions', '400M'],
  );
  const offset = /reloc off +=? *(0x[0-9a-f]+)/.exec(output)?.[1];
  if (offset === undefined) throw new Error(`U-Boot did not say how far it moved: ${output}`);
  return offset;
}

const step = 2_000_000;
const latest = 400_000_000;

let known: Promise<Script> | undefined;

/** U-Boot to its prompt: a key is pressed when it counts down, at a position that is the same in each later run. */
export function scriptToPrompt(): Promise<Script> {
  known ??= find();
  return known;
}

async function find(): Promise<Script> {
  const script: Script = { configuration: { reverseDebugging: false }, words: uBootWords };
  const machine = await machineFor(script);
  const heard = listen(machine);
  const runUntil = (text: string) => {
    while (!heard.text.includes(text)) {
      const stop = machine.run(step);
      if (stop.kind !== 'budget' || machine.position > latest) {
        throw new Error(`U-Boot did not write ${JSON.stringify(text)}, but: ${heard.text}`);
      }
    }
    return machine.position;
  };
  const position = runUntil('stop autoboot');
  machine.sendSerialInput(Uint8Array.of(0x20));
  return { ...script, inputs: [{ position, text: ' ' }], end: runUntil(prompt) };
}
