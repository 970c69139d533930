/** Hints, barriers, PSTATE, system registers and system instructions (Arm ARM C4.1.93, C5). */
import { instruction } from '../instruction.ts';
import { type OperandKind, problem, type TextRef } from '../operand.ts';
import { parseRange } from '../operands/immediate.ts';
import { streamingField, streamingModes } from '../operands/matrix.ts';
import { generalRegister } from '../operands/register.ts';
import {
  barrierOption,
  barrierOptionWithoutXs,
  controlRegister,
  instructionBarrierOption,
  isPstateField,
  plainNumber,
  pstateField,
  pstateValue,
  systemInstructionOf,
  systemInstructionRegister,
  systemOperationOperand,
  systemRegisterOperand,
} from '../operands/system.ts';

const hint = (name: string, number: number, brief: string, operation?: string) => {
  const bits = number.toString(2).padStart(7, '0');
  return instruction(name.toUpperCase(), `11010101000000110010 ${bits as '0000000'} 11111`, {
    operands: {},
    syntax: name,
    brief,
    traits: ['hint'],
    semantics: b => {
      if (operation) b.system(operation);
    },
  });
};

/** The number of HINT is CRm:op2. */
const hintNumber: OperandKind<TextRef> = {
  role: 'text',
  fields: ['CRm', 'op2'],
  describe: 'a hint number, 0 to 127',
  print: fields => `#0x${((fields['CRm'] as number) * 8 + (fields['op2'] as number)).toString(16)}`,
  parse: input => {
    const read = parseRange(input, { minimum: 0, maximum: 127, step: 1, what: 'a hint number, 0 to 127' });
    if ('result' in read) return read.result;
    if ('fixup' in read) return problem('the hint number must be known', undefined, true);
    return { fields: { CRm: read.value >> 3, op2: read.value & 7 }, consumed: 1 };
  },
};

const hints = [
  hint('nop', 0, 'Does nothing.'),
  hint('yield', 1, 'Hints that this thread waits for another; has no effect here.'),
  hint('wfe', 2, 'Waits for an event.', 'wfe'),
  hint('wfi', 3, 'Waits for an interrupt.', 'wfi'),
  hint('sev', 4, 'Sends an event to all processing elements.', 'sev'),
  hint('sevl', 5, 'Sends an event to this processing element.', 'sevl'),
  hint('dgh', 6, 'Hints that gathering of memory accesses ends; has no effect here.'),
  hint('esb', 16, 'Synchronizes pending SError interrupts.', 'esb'),
  hint('psb csync', 17, 'Synchronizes profiling; has no effect here.'),
  hint('tsb csync', 18, 'Synchronizes tracing; has no effect here.'),
  hint('csdb', 20, 'Keeps speculation from using wrong data; has no effect here.'),
  hint('clrbhb', 22, 'Keeps branch history of before from being used in predictions; has no effect here.'),
  hint(
    'chkfeat x16',
    40,
    'Clears the bits of X16 whose features are enabled; there are none here, so X16 stays as it is.',
  ),
  ...['', 'c', 'j', 'jc'].map((target, i) =>
    hint(target ? `bti ${target}` : 'bti', 32 + 2 * i, 'Marks a place that indirect branches may go to.'),
  ),
  instruction('HINT', '11010101000000110010 CRm:4 op2:3 11111', {
    operands: { number: hintNumber },
    syntax: 'hint {number}',
    brief: 'Does nothing: a hint that has no meaning yet.',
    traits: ['hint'],
    semantics: () => {},
  }),
];

const barriers = [
  instruction('CLREX', '11010101000000110011 CRm:4 010 11111', {
    operands: { option: plainNumber('CRm', 4) },
    syntax: 'clrex {option}',
    aliases: [{ syntax: 'clrex', fixed: { CRm: 15 } }],
    brief: 'Clears the local exclusive monitor.',
    traits: ['barrier'],
    semantics: b => {
      b.setState('exclusiveValid', b.i32(0));
    },
  }),
  instruction('DSB', '11010101000000110011 CRm:4 1 00 11111', {
    operands: { option: barrierOption('CRm') },
    syntax: 'dsb {option}',
    aliases: [
      { syntax: 'ssbb', fixed: { CRm: 0 } },
      { syntax: 'pssbb', fixed: { CRm: 4 } },
    ],
    brief: 'Waits until earlier memory accesses, TLB and cache maintenance are complete.',
    traits: ['barrier'],
    semantics: () => {},
  }),
  instruction('DSB (nXS)', '11010101000000110011 imm2:2 10 0 01 11111', {
    operands: { option: barrierOptionWithoutXs('imm2') },
    syntax: 'dsb {option}',
    brief: 'Waits as DSB does, but not for accesses to memory with the XS attribute.',
    feature: 'FEAT_XS',
    traits: ['barrier'],
    semantics: () => {},
  }),
  instruction('DMB', '11010101000000110011 CRm:4 1 01 11111', {
    operands: { option: barrierOption('CRm') },
    syntax: 'dmb {option}',
    brief: 'Orders memory accesses before it with those after it.',
    traits: ['barrier'],
    semantics: () => {},
  }),
  instruction('ISB', '11010101000000110011 CRm:4 1 10 11111', {
    operands: { option: instructionBarrierOption('CRm') },
    syntax: 'isb {option}',
    aliases: [{ syntax: 'isb', fixed: { CRm: 15 } }],
    brief: 'Makes changes of system registers visible to the instructions after it.',
    traits: ['barrier'],
    semantics: () => {},
  }),
  instruction('SB', '11010101000000110011 0000 1 11 11111', {
    operands: {},
    syntax: 'sb',
    brief: 'Stops speculation past this point.',
    feature: 'FEAT_SB',
    traits: ['barrier'],
    semantics: () => {},
  }),
];

/** How MSR (immediate) is done: the interrupt masks without leaving the engine where EL0 is not concerned. */
const OTHER = 0;
const DAIF_SET = 1;
const DAIF_CLEAR = 2;

const pstate = [
  instruction('MSR (immediate)', '1101010100 0 00 op1:3 0100 CRm:4 op2:3 11111', {
    operands: { field: pstateField, imm: pstateValue },
    syntax: 'msr {field}, {imm}',
    brief: 'Writes a PSTATE field: interrupt masks, stack pointer selection and others.',
    traits: ['system'],
    allocated: f => isPstateField(f.op1, f.op2),
    derived: {
      way: {
        values: [OTHER, DAIF_SET, DAIF_CLEAR],
        of: f => (f.op1 === 3 && f.op2 === 6 ? DAIF_SET : f.op1 === 3 && f.op2 === 7 ? DAIF_CLEAR : OTHER),
      },
    },
    semantics: (b, o, f) => {
      if (f.way === OTHER) {
        b.system('msrImmediate');
        return;
      }
      b.if(b.isZero(b.state('el')), () => {
        b.system('msrImmediate');
      });
      const bits = b.shl(b.immediate('i32', o.imm), b.i32(6));
      const masks = b.state('daif');
      b.setState('daif', f.way === DAIF_SET ? b.or(masks, bits) : b.and(masks, b.not(bits)));
      if (f.way === DAIF_CLEAR) b.checkInterrupts();
    },
  }),
  // For reading, as the rows of SME (`scalable.ts`).
  instruction('MSR (immediate, SVCR)', '1101010100 0 00 011 0100 0 modes:2 on 011 11111', {
    operands: { field: streamingField, imm: plainNumber('on', 1), modes: streamingModes },
    syntax: 'msr {field}, {imm}',
    aliases: [
      { syntax: 'smstart {modes}', fixed: { on: 1 } },
      { syntax: 'smstop {modes}', fixed: { on: 0 } },
    ],
    brief: 'Switches Streaming SVE mode and the ZA array on or off.',
    feature: 'FEAT_SME',
    traits: ['system'],
    allocated: f => f.modes !== 0,
  }),
];

const registers = [
  instruction('MSR (register)', '1101010100 0 1 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5', {
    operands: { register: systemRegisterOperand('write'), t: generalRegister('Rt', 64) },
    syntax: 'msr {register}, {t}',
    brief: 'Writes a system register.',
    traits: ['system'],
    semantics: b => {
      b.system('msr');
    },
  }),
  instruction('MRS', '1101010100 1 1 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5', {
    operands: { register: systemRegisterOperand('read'), t: generalRegister('Rt', 64) },
    syntax: 'mrs {t}, {register}',
    brief: 'Reads a system register.',
    traits: ['system'],
    semantics: b => {
      b.system('mrs');
    },
  }),
];

/** Mnemonics of SYS with a known operation. */
const MAINTENANCE = ['TLBI', 'AT', 'DC', 'IC', 'CFP', 'DVP', 'COSP', 'CPP'] as const;

const instructions = [
  instruction('SYS', '1101010100 0 01 op1:3 CRn:4 CRm:4 op2:3 Rt:5', {
    operands: {
      op1: plainNumber('op1', 3),
      n: controlRegister('CRn'),
      m: controlRegister('CRm'),
      op2: plainNumber('op2', 3),
      t: generalRegister('Rt', 64),
    },
    syntax: 'sys {op1}, {n}, {m}, {op2}, {t}',
    aliases: [
      ...MAINTENANCE.map(mnemonic => ({
        syntax: `${mnemonic.toLowerCase()} {operation}, {register}`,
        operands: { operation: systemOperationOperand(mnemonic), register: systemInstructionRegister },
        when: (f: Readonly<Record<string, number>>) => {
          const row = systemInstructionOf(f);
          return row?.mnemonic === mnemonic && (row.takesRegister || f['Rt'] === 31);
        },
      })),
      { syntax: 'sys {op1}, {n}, {m}, {op2}', fixed: { Rt: 31 } },
    ],
    brief: 'Executes a system instruction: cache, TLB or address-translation maintenance.',
    traits: ['system'],
    semantics: b => {
      b.system('sys');
    },
  }),
  instruction('SYSL', '1101010100 1 01 op1:3 CRn:4 CRm:4 op2:3 Rt:5', {
    operands: {
      t: generalRegister('Rt', 64),
      op1: plainNumber('op1', 3),
      n: controlRegister('CRn'),
      m: controlRegister('CRm'),
      op2: plainNumber('op2', 3),
    },
    syntax: 'sysl {t}, {op1}, {n}, {m}, {op2}',
    brief: 'Executes a system instruction that gives a result.',
    traits: ['system'],
    semantics: b => {
      b.system('sysl');
    },
  }),
];

const waits = (['wfet', 'wfit'] as const).map((name, op2) =>
  instruction(name.toUpperCase(), `110101010000001100010000 00${op2 as 0} Rd:5`, {
    operands: { limit: generalRegister('Rd', 64) },
    syntax: `${name} {limit}`,
    brief: `Waits for an ${name === 'wfet' ? 'event' : 'interrupt'}, or until the virtual count has reached a register.`,
    feature: 'FEAT_WFxT',
    traits: ['system'],
    semantics: b => {
      b.system(name);
    },
  }),
);

export const system = [...hints, ...waits, ...barriers, ...pstate, ...registers, ...instructions];
