import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sampleNamed, samples } from '../samples/support.ts';
import { testWith } from '../support/requires.ts';
import { playInOtherProcess } from './support/other-process.ts';
import { machineFor, type Played, play, playAnew, runTo, type Script } from './support/play.ts';
import { firmware, scriptToPrompt } from './support/u-boot.ts';

const seed = Math.trunc(Math.random() * 2 ** 31) + 1;
const goBack = 1_000;

/** The end of a run that steps back before it, and goes on again. */
async function playWithStepBack(script: Script): Promise<Played> {
  const machine = await machineFor(script);
  const first = play(machine, script);
  machine.travelTo(first.position - goBack);
  if (machine.position !== first.position - goBack) throw new Error(`the machine stands at ${machine.position}`);
  // A guest that switches the machine off stays at its last instruction.
  runTo(machine, script.end ?? first.position + 1);
  return { ...first, position: machine.position, hash: machine.stateHash() };
}

const ways: readonly (readonly [string, (script: Script) => Promise<Played>])[] = [
  ['a second time in this process', playAnew],
  ['in another process', playInOtherProcess],
  [
    `cut in random slices (seed ${seed})`,
    script => playAnew({ ...script, slices: { seed, longest: script.end === undefined ? 2_000 : 4_000_000 } }),
  ],
];

test('a run cut after every instruction of the tiny hypervisor goes on where it was, also from page to page', async () => {
  const script: Script = { configuration: sampleNamed('tiny-hypervisor').configuration };
  expect(await playAnew({ ...script, slices: { seed, longest: 1 } })).toEqual(await playAnew(script));
});

describe.each(samples)('the sample $name ends in the same state', ({ configuration }) => {
  const script: Script = { configuration };
  let first: Promise<Played> | undefined;
  const reference = () => {
    first ??= playAnew(script);
    return first;
  };

  test.each(ways)('%s', async (_way, playAgain) => {
    expect(await playAgain(script)).toEqual(await reference());
  });

  test(`after ${goBack} instructions back and forward again`, async () => {
    expect(await playWithStepBack(script)).toEqual(await reference());
  });
});

describe('four processing elements that contend for a lock end in the same state', () => {
  const program = fileURLToPath(new URL('../programs/four-elements.S', import.meta.url));
  const script: Script = { configuration: { program, smp: 4 } };
  let first: Promise<Played> | undefined;
  const reference = () => {
    first ??= playAnew(script);
    return first;
  };

  test('having taken turns', async () => {
    const { output } = await reference();
    expect(output).toMatch(/^[0-3]{25}\n$/);
    expect(new Set(output.trim()).size).toBe(4);
  });

  test.each(ways)('%s', async (_way, playAgain) => {
    expect(await playAgain(script)).toEqual(await reference());
  });

  test(`after ${goBack} instructions back and forward again`, async () => {
    expect(await playWithStepBack(script)).toEqual(await reference());
  });
});

describe('U-Boot with a key pressed at a fixed position comes to its prompt in the same state', () => {
  let first: Promise<Played> | undefined;
  const reference = async () => {
    first ??= playAnew(await scriptToPrompt());
    return first;
  };

  for (const [way, playAgain] of ways) {
    testWith(firmware)(
      way,
      async () => {
        const played = await playAgain(await scriptToPrompt());
        expect(played).toEqual(await reference());
        expect(played.output).toContain('\n=> ');
      },
      300_000,
    );
  }

  testWith(firmware)(
    `after ${goBack} instructions back and forward again`,
    async () => {
      expect(await playWithStepBack(await scriptToPrompt())).toEqual(await reference());
    },
    300_000,
  );
});
