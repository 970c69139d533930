import { expect } from 'vitest';
import { testWith } from '../support/requires.ts';
import { bootInQemu, wordsOf } from './conformance/boot.ts';
import { consoleDifferences } from './conformance/console.ts';
import { virtio } from './conformance/guests.ts';
import { guest } from './support/guest-file.ts';
import { machineFor, play } from './support/play.ts';

const patience = 900_000;
const { files } = virtio(3);

testWith('qemu-system-aarch64', ...files.map(guest))(
  'Linux works with a device of each kind as in QEMU: drives, entropy, console, network, a folder of the host',
  async () => {
    const tour = virtio(3);
    const script = { configuration: { reverseDebugging: false }, words: wordsOf(tour) };
    const { output } = play(await machineFor(script), script);
    for (const words of tour.says) expect(output.replaceAll('\r', '')).toMatch(words);
    const qemu = await bootInQemu(tour, patience / 2);
    expect(consoleDifferences(output, qemu.console, tour.allowances)).toEqual([]);
  },
  patience,
);
