import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { DebugInformation } from '../../../debug-adapter/debug-information/debug-information.ts';
import { testWith } from '../../support/requires.ts';
import { inDirectory, tool } from '../support/compile.ts';

const header = `
static inline __attribute__((always_inline)) unsigned rotate(unsigned value, int by) {
  return (value << by) | (value >> (32 - by));
}
static inline __attribute__((always_inline)) unsigned mix(unsigned a, unsigned b) {
  unsigned mixed = rotate(a ^ b, 7);
  mixed += rotate(mixed, 13) * 5;
  return mixed;
}
`;
const main = `
#include "mix.h"
struct state { unsigned words[8]; struct state *next; };
extern struct state first;
struct state first = { { 1, 2, 3 }, 0 };
extern unsigned finish(struct state *state, unsigned seed);
__attribute__((noinline)) unsigned stir(struct state *state, int rounds) {
  unsigned result = 0;
  for (int round = 0; round < rounds; round++) {
    unsigned *word = &state->words[round & 7];
    *word = mix(*word, result);
    if (*word & 1)
      result ^= mix(result, *word);
  }
  return finish(state, result);
}
void _start(void) {
  stir(&first, 100);
  for (;;) ;
}
`;
const other = `
#include "mix.h"
struct state;
static volatile unsigned last;
unsigned finish(struct state *state, unsigned seed) {
  last = mix(seed, (unsigned)(unsigned long)state);
  return last;
}
`;

const files = { 'mix.h': header, 'main.c': main, 'other.c': other };
const common = ['-nostdlib', '-ffreestanding', '-static', '-Wl,-Ttext=0x40080000', '-O2'];

function build<T>(flags: readonly string[], use: (information: DebugInformation, directory: string) => T): T {
  return inDirectory(files, directory => {
    tool(directory, 'aarch64-linux-gnu-gcc', ...common, ...flags, '-o', 'a.elf', 'main.c', 'other.c');
    return use(new DebugInformation(readFileSync(join(directory, 'a.elf')), 'a.elf'), directory);
  });
}

/** "function file:line" from the innermost on, as binutils tell it. */
function oracle(directory: string, addresses: readonly bigint[]): string[] {
  const words = addresses.map(address => `0x${address.toString(16)}`);
  const text = tool(directory, 'aarch64-linux-gnu-addr2line', '-e', 'a.elf', '-f', '-i', '-a', ...words);
  return text.split(/^(?=0x)/m).map(block => {
    const lines = block.trim().split('\n').slice(1);
    const frames = lines.flatMap((name, index) => (index % 2 ? [] : [`${name} ${lines[index + 1]}`]));
    return frames.map(frame => frame.replace(/ \(discriminator \d+\)/, '').replace(/ \S*\//, ' ')).join(', ');
  });
}

describe('optimised code', () => {
  for (const flags of [['-gdwarf-4'], ['-gdwarf-5'], ['-gdwarf-5', '-gz=zlib'], ['-gdwarf-4', '-gz=zlib-gnu']]) {
    testWith('aarch64-linux-gnu-gcc')(`has the inlined calls and lines that binutils find (${flags.join(' ')})`, () =>
      build(flags, (information, directory) => {
        const addresses = ['stir', 'finish', '_start'].flatMap(name => {
          const { address, size } = information.symbols.named(name)!;
          return Array.from({ length: size / 4 }, (_, index) => address + BigInt(index * 4));
        });
        const ours = addresses.map(address =>
          information
            .scopesAt(address)
            .map(({ name, place }) => `${name} ${place?.path.split('/').pop()}:${place?.line}`)
            .join(', '),
        );
        expect(ours).toEqual(oracle(directory, addresses));
        expect(ours.some(one => one.startsWith('rotate mix.h:3, mix mix.h:'))).toBe(true);
        expect(information.problems).toEqual([]);
      }),
    );
  }

  testWith('aarch64-linux-gnu-gcc')('breaks in a function where its parameters are, which is its beginning', () =>
    build(['-g'], information => {
      const { address } = information.symbols.named('stir')!;
      expect(information.breakpointAddress(address)).toBe(address);
      const variables = information.functions.variablesAt(information.functions.functionAt(address)!, address);
      expect(variables.map(({ name }) => name)).toEqual(['state', 'rounds', 'result']);
    }),
  );

  testWith('aarch64-linux-gnu-gcc')('breaks behind the instructions that a compiler leaves to be patched', () =>
    build(['-g', '-fpatchable-function-entry=2'], information => {
      const { address } = information.symbols.named('stir')!;
      const at = information.breakpointAddress(address);
      expect(information.lineAt(at)?.line).toBe(7);
    }),
  );

  testWith('aarch64-linux-gnu-gcc')('finds a variable that was declared before it was defined, and types by name', () =>
    build(['-g'], ({ functions }) => {
      expect(functions.globalNamed('first', undefined)?.type.name).toBe('struct state');
      expect(functions.globalNamed('last', undefined)?.type.name).toBe('unsigned int');
      expect(functions.typeNamed('state')?.size).toBe(40);
      expect(functions.typeNamed('nothing')).toBeUndefined();
    }),
  );

  testWith('aarch64-linux-gnu-gcc')('whose variables were split off is said to be so, and still has its lines', () =>
    build(['-g', '-gsplit-dwarf'], information => {
      const { address } = information.symbols.named('stir')!;
      expect(information.lineAt(address)?.line).toBe(7);
      expect(information.functions.functionAt(address)).toBeUndefined();
      expect(information.problems).toEqual([
        expect.stringMatching(/^variables, types and inlined calls of .*main\.dwo were split off .* -gno-split-dwarf$/),
      ]);
    }),
  );

  testWith('aarch64-linux-gnu-gcc', 'aarch64-linux-gnu-objcopy')(
    'whose debug information is elsewhere says where',
    () =>
      build(['-g', '-Wl,--build-id=0x12345678'], (_, directory) => {
        tool(directory, 'aarch64-linux-gnu-objcopy', '--only-keep-debug', 'a.elf', 'a.debug');
        tool(directory, 'aarch64-linux-gnu-objcopy', '--strip-all', '--add-gnu-debuglink=a.debug', 'a.elf', 'b.elf');
        const stripped = new DebugInformation(readFileSync(join(directory, 'b.elf')), 'b.elf');
        expect(stripped.problems).toEqual([
          'b.elf has no debug information of its own; it names a.debug (build id: /usr/lib/debug/.build-id/12/345678.debug): add that file to "symbolFiles"',
        ]);
        const kept = new DebugInformation(readFileSync(join(directory, 'a.debug')), 'a.debug');
        expect(kept.lineAt(kept.symbols.named('stir')!.address)?.line).toBe(7);
        expect(kept.problems).toEqual([]);
      }),
  );
});

describe('a function that was inlined', () => {
  for (const flags of [['-gdwarf-4'], ['-gdwarf-5']]) {
    testWith('aarch64-linux-gnu-gcc')(`is broken on at each place (${flags.join(' ')})`, () =>
      build(flags, information => {
        const places = information.functions.inlinedPlaces('mix');
        const inside = places.map(place => information.scopesAt(place).map(({ name }) => name));
        // Two calls in one function and one in another, each in its own unit.
        expect(inside.filter(names => names.includes('stir'))).toHaveLength(2);
        expect(inside.filter(names => names.includes('finish'))).toHaveLength(1);
        for (const names of inside) expect(names).toContain('mix');
        expect(information.functions.inlinedPlaces('stir')).toEqual([]);
      }),
    );
  }
});
