/** Hints, barriers, PSTATE, system registers and system instructions (Arm ARM C4.1.93, C5). */
import { instruction } from '../instruction.ts';
import { generalRegister } from '../operands/register.ts';
import { barrierOption, controlRegister, plainNumber, systemRegisterOperand } from '../operands/system.ts';

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

const hints = [
  hint('nop', 0, 'Does nothing.'),
  hint('yield', 1, 'Hints that this thread waits for another; has no effect here.'),
  hint('wfe', 2, 'Waits for an event.', 'wfe'),
  hint('wfi', 3, 'Waits for an interrupt.', 'wfi'),
  hint('sev', 4, 'Sends an event to all processing elements.', 'sev'),
  hint('sevl', 5, 'Sends an event to this processing element.', 'sevl'),
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
  instruction('DMB', '11010101000000110011 CRm:4 1 01 11111', {
    operands: { option: barrierOption('CRm') },
    syntax: 'dmb {option}',
    brief: 'Orders memory accesses before it with those after it.',
    traits: ['barrier'],
    semantics: () => {},
  }),
  instruction('ISB', '11010101000000110011 CRm:4 1 10 11111', {
    operands: { option: barrierOption('CRm') },
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
    aliases: [{ syntax: 'sys {op1}, {n}, {m}, {op2}', fixed: { Rt: 31 } }],
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

export const system = [...hints, ...barriers, ...registers, ...instructions];
