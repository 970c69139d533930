/** Pointer authentication (Arm ARM C4.1.93 to C4.1.95): FEAT_PAuth. */
import { instruction } from '../instruction.ts';
import { current, type ImmediateRef, type OperandKind, problem } from '../operand.ts';
import { decimal, parseRange } from '../operands/immediate.ts';
import { fixedRegister, generalRegister, generalRegisterOrSp } from '../operands/register.ts';
import type { I32, I64, SemanticsBuilder } from '../semantics.ts';
import { baseAddress, baseIsSp, branchIndirectly } from './common.ts';
import {
  type AuthenticationKey,
  authenticatePointer,
  authenticationKeys,
  authenticationWord,
  genericCode,
  signPointer,
  stripPointer,
} from './pointer-authentication-code.ts';

const feature = 'FEAT_PAuth';
const TRAP = 'pointerAuthenticationTrap';
/** By the number of the key. */
export const authenticationFailures = ['IA', 'IB', 'DA', 'DB'].map(key => `authenticationFailure${key}`) as [
  string,
  string,
  string,
  string,
];

/** Leaves the engine when a bit of the word says that the instruction is trapped. */
function checkTrap(b: SemanticsBuilder, word: I32, bit: number): void {
  b.if(b.and(word, b.i32(1 << bit)), () => {
    b.system(TRAP);
  });
}

const keyHalves = (b: SemanticsBuilder, name: string): [I64, I64] => [
  b.wideState(`register:${name}Hi_EL1`),
  b.wideState(`register:${name}Lo_EL1`),
];

/** Leaves the engine when a pointer that was authenticated is no address and the bit of the word says that this faults. */
function checkFailure(b: SemanticsBuilder, word: I32, bit: number, key: AuthenticationKey, result: I64): void {
  b.if(b.and(word, b.i32(1 << bit)), () => {
    const plain = b.call('i64', key < 2 ? stripPointer.instruction : stripPointer.data, result, word);
    b.if(b.notEqual(plain, result), () => {
      b.system(authenticationFailures[key]);
    });
  });
}

/**
 * What `sign` or `authenticate` make of a pointer while the key is enabled; the pointer itself otherwise. `combined`: the
 * instruction authenticates and then uses the address.
 */
function withKey(
  b: SemanticsBuilder,
  key: AuthenticationKey,
  operation: 'sign' | 'authenticate' | 'combined',
  pointer: I64,
  modifier: I64,
): I64 {
  const word = b.state('pointerAuthentication');
  checkTrap(b, word, authenticationWord.trapped + key);
  const result = b.variable(pointer);
  b.if(b.and(word, b.i32(1 << (authenticationWord.enabled + key))), () => {
    const signs = key < 2 ? signPointer.instruction : signPointer.data;
    const fn = operation === 'sign' ? signs : authenticatePointer[key];
    b.assign(result, b.call('i64', fn, pointer, modifier, ...keyHalves(b, authenticationKeys[key]), word));
    if (operation === 'sign') return;
    const { faults, combinedFaults } = authenticationWord;
    checkFailure(b, word, operation === 'combined' ? combinedFaults : faults, key, b.valueOf(result));
  });
  return b.valueOf(result);
}

const KEYS = ['ia', 'ib', 'da', 'db'] as const;
const keyWords = ['instruction key A', 'instruction key B', 'data key A', 'data key B'] as const;
const numbers = [0, 1, 2, 3] as const;

// ---- on general-purpose registers

const onRegisters = numbers.flatMap(key =>
  (['sign', 'authenticate'] as const).flatMap((operation, authenticates) => {
    const stem = authenticates ? 'aut' : 'pac';
    const verb = authenticates ? 'Authenticates' : 'Signs';
    const opcode = `${authenticates}${key.toString(2).padStart(2, '0')}` as '000';
    const name = `${stem}${KEYS[key]}`;
    const zero = `${stem}${KEYS[key].replace(/(.)(.)/, '$1z$2')}`;
    return [
      instruction(name.toUpperCase(), `1 1 0 11010110 00001 000 ${opcode} Rn:5 Rd:5`, {
        operands: { d: generalRegister('Rd', 64), n: generalRegisterOrSp('Rn', 64) },
        syntax: `${name} {d}, {n}`,
        brief: `${verb} a pointer with a modifier and ${keyWords[key]}.`,
        feature,
        semantics: (b, o) => {
          b.write(o.d, withKey(b, key, operation, b.read('i64', o.d), b.read('i64', o.n)));
        },
      }),
      instruction(zero.toUpperCase(), `1 1 0 11010110 00001 001 ${opcode} 11111 Rd:5`, {
        operands: { d: generalRegister('Rd', 64) },
        syntax: `${zero} {d}`,
        brief: `${verb} a pointer with modifier zero and ${keyWords[key]}.`,
        feature,
        semantics: (b, o) => {
          b.write(o.d, withKey(b, key, operation, b.read('i64', o.d), b.i64(0)));
        },
      }),
    ];
  }),
);

const stripped = (['instruction', 'data'] as const).map((kind, D) =>
  instruction(D ? 'XPACD' : 'XPACI', `1 1 0 11010110 00001 01000 ${D as 0} 11111 Rd:5`, {
    operands: { d: generalRegister('Rd', 64) },
    syntax: `${D ? 'xpacd' : 'xpaci'} {d}`,
    brief: `Removes the authentication code of ${D ? 'a data address' : 'an instruction address'}.`,
    feature,
    semantics: (b, o) => {
      b.write(o.d, b.call('i64', stripPointer[kind], b.read('i64', o.d), b.state('pointerAuthentication')));
    },
  }),
);

const generic = instruction('PACGA', '1 0 0 11010110 Rm:5 001100 Rn:5 Rd:5', {
  operands: { d: generalRegister('Rd', 64), n: generalRegister('Rn', 64), m: generalRegisterOrSp('Rm', 64) },
  syntax: 'pacga {d}, {n}, {m}',
  brief: 'Makes an authentication code of a register and a modifier with the generic key.',
  feature,
  semantics: (b, o) => {
    const word = b.state('pointerAuthentication');
    checkTrap(b, word, authenticationWord.genericTrapped);
    const [high, low] = keyHalves(b, 'APGAKey');
    b.write(o.d, b.call('i64', genericCode, b.read('i64', o.n), b.read('i64', o.m), high, low, word));
  },
});

// ---- in the hint space, on registers that are always the same

const x16 = fixedRegister(16);
const x17 = fixedRegister(17);
const x30 = fixedRegister(30);
const stackPointer = fixedRegister(31);

const hint = (number: number) =>
  `11010101000000110010 ${number.toString(2).padStart(7, '0') as '0000000'} 11111` as const;

const hintForms = (['sign', 'authenticate'] as const).flatMap((operation, authenticates) =>
  ([0, 1] as const).flatMap(key => {
    const name = `${authenticates ? 'aut' : 'pac'}${KEYS[key]}`;
    const verb = authenticates ? 'Authenticates' : 'Signs';
    const common = { feature, traits: ['hint'] } as const;
    const number = 4 * authenticates + 2 * key;
    return [
      instruction(`${name.toUpperCase()}1716`, hint(8 + number), {
        ...common,
        operands: { pointer: x17, modifier: x16 },
        syntax: `${name}1716`,
        brief: `${verb} X17 with X16 and ${keyWords[key]}.`,
        semantics: (b, o) => {
          b.write(o.pointer, withKey(b, key, operation, b.read('i64', o.pointer), b.read('i64', o.modifier)));
        },
      }),
      instruction(`${name.toUpperCase()}Z`, hint(24 + number), {
        ...common,
        operands: { pointer: x30 },
        syntax: `${name}z`,
        brief: `${verb} X30 with zero and ${keyWords[key]}.`,
        semantics: (b, o) => {
          b.write(o.pointer, withKey(b, key, operation, b.read('i64', o.pointer), b.i64(0)));
        },
      }),
      instruction(`${name.toUpperCase()}SP`, hint(25 + number), {
        ...common,
        operands: { pointer: x30, modifier: stackPointer },
        syntax: `${name}sp`,
        brief: `${verb} X30 with SP and ${keyWords[key]}.`,
        semantics: (b, o) => {
          b.write(o.pointer, withKey(b, key, operation, b.read('i64', o.pointer), b.read('i64', o.modifier)));
        },
      }),
    ];
  }),
);

const stripLink = instruction('XPACLRI', hint(7), {
  operands: { pointer: x30 },
  syntax: 'xpaclri',
  brief: 'Removes the authentication code of X30.',
  feature,
  traits: ['hint'],
  semantics: (b, o) => {
    const plain = b.call('i64', stripPointer.instruction, b.read('i64', o.pointer), b.state('pointerAuthentication'));
    b.write(o.pointer, plain);
  },
});

// ---- branches

const branches = ([0, 1] as const).flatMap(key => {
  const letter = 'ab'[key] as string;
  const M = key as 0;
  return ([0, 1] as const).flatMap(call => {
    const stem = call ? 'blra' : 'bra';
    const verb = call ? 'Calls' : 'Branches to';
    const traits = call ? (['branch', 'call', 'indirect'] as const) : (['branch', 'indirect'] as const);
    const way = call ? 'call' : 'jump';
    return [
      instruction(`${stem}${letter}`.toUpperCase(), `1101011 1 0 0${call as 0} 11111 00001 ${M} Rn:5 Rm:5`, {
        operands: { n: generalRegister('Rn', 64), m: generalRegisterOrSp('Rm', 64) },
        syntax: `${stem}${letter} {n}, {m}`,
        brief: `${verb} the address in a register that it authenticates with a modifier and ${keyWords[key]}.`,
        feature,
        traits,
        semantics: (b, o) => {
          branchIndirectly(b, withKey(b, key, 'combined', b.read('i64', o.n), b.read('i64', o.m)), way);
        },
      }),
      instruction(`${stem}${letter}z`.toUpperCase(), `1101011 0 0 0${call as 0} 11111 00001 ${M} Rn:5 11111`, {
        operands: { n: generalRegister('Rn', 64) },
        syntax: `${stem}${letter}z {n}`,
        brief: `${verb} the address in a register that it authenticates with modifier zero and ${keyWords[key]}.`,
        feature,
        traits,
        semantics: (b, o) => {
          branchIndirectly(b, withKey(b, key, 'combined', b.read('i64', o.n), b.i64(0)), way);
        },
      }),
    ];
  });
});

const returns = ([0, 1] as const).flatMap(key => {
  const letter = 'ab'[key] as string;
  return [
    instruction(`RETA${letter.toUpperCase()}`, `1101011 0 0 10 11111 00001 ${key as 0} 11111 11111`, {
      operands: { link: x30, modifier: stackPointer },
      syntax: `reta${letter}`,
      brief: `Returns to the address in X30, which it authenticates with SP and ${keyWords[key]}.`,
      feature,
      traits: ['branch', 'return', 'indirect'],
      semantics: (b, o) => {
        b.branchTo(withKey(b, key, 'combined', b.read('i64', o.link), b.read('i64', o.modifier)));
      },
    }),
    instruction(`ERETA${letter.toUpperCase()}`, `1101011 0 1 00 11111 00001 ${key as 0} 11111 11111`, {
      operands: { modifier: stackPointer },
      syntax: `ereta${letter}`,
      brief: `Returns from an exception to the address in ELR_ELx, which it authenticates with SP and ${keyWords[key]}.`,
      feature,
      traits: ['branch', 'exceptionReturn', 'system'],
      semantics: (b, o) => {
        const level = b.state('el');
        b.if(b.isZero(level), () => {
          b.raise('undefined');
        });
        const links = ([1, 2, 3] as const).map(el => b.wideState(`register:ELR_EL${el}`)) as [I64, I64, I64];
        const upper = b.select(b.equal(level, b.i32(2)), links[1], links[2]);
        const link = b.select(b.equal(level, b.i32(1)), links[0], upper);
        b.setWideState('exitAddress', withKey(b, key, 'combined', link, b.read('i64', o.modifier)));
        b.system(`ereta${letter}`);
      },
    }),
  ];
});

// ---- loads

const scaledOffset = (() => {
  const what = 'an offset, -4096 to 4088 in steps of 8';
  const bytes = (f: Readonly<Record<string, number>>) => 8 * ((f['imm9'] as number) - ((f['S'] as number) ? 512 : 0));
  const kind: OperandKind<ImmediateRef> = {
    role: 'immediate',
    fields: ['S', 'imm9'],
    describe: what,
    storedAs: 'i64',
    print: f => (bytes(f) === 0 ? '' : decimal(bytes(f))),
    parse: input => {
      if (!current(input)) return { fields: { S: 0, imm9: 0 }, consumed: 0 };
      const read = parseRange(input, { minimum: -4096, maximum: 4088, step: 8, what });
      if ('result' in read) return read.result;
      if ('fixup' in read) return problem('the offset must be known', current(input)?.span, true);
      return { fields: { S: read.value < 0 ? 1 : 0, imm9: (read.value >> 3) & 511 }, consumed: 1 };
    },
    value: f => BigInt(bytes(f)),
  };
  return kind;
})();

const loads = ([2, 3] as const).flatMap(key =>
  [0, 1].map(W => {
    const name = `ldra${key === 2 ? 'a' : 'b'}`;
    return instruction(
      `${name.toUpperCase()}${W ? ' (pre-index)' : ''}`,
      `11 111 0 00 ${(key - 2) as 0} S 1 imm9:9 ${W as 0} 1 Rn:5 Rt:5`,
      {
        operands: {
          t: generalRegister('Rt', 64),
          n: generalRegisterOrSp('Rn', 64),
          offset: scaledOffset,
        },
        syntax: W ? `${name} {t}, [{n}, {offset}]!` : `${name} {t}, [{n}, {offset}]`,
        brief: `Loads a doubleword from an address that it authenticates with modifier zero and ${keyWords[key]}.`,
        feature,
        traits: ['load'],
        derived: { sp: baseIsSp },
        semantics: (b, o, f) => {
          const base = withKey(b, key, 'combined', baseAddress(b, o.n, f.sp), b.i64(0));
          const address = b.add(base, b.immediate('i64', o.offset));
          const transfer = { operand: 't', signExtend: false, sixtyFour: true, acquireRelease: false };
          b.write(o.t, b.load(address, 8, W ? {} : { transfer }));
          if (W) b.write(o.n, address);
        },
      },
    );
  }),
);

export const pointerAuthenticationHints = [...hintForms, stripLink];
export const pointerAuthentication = [...onRegisters, ...stripped, generic, ...branches, ...returns, ...loads];
