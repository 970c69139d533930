/** Exception generation (Arm ARM C4.1.93) and permanently undefined (C4.1.1). */
import { instruction } from '../instruction.ts';
import { hexadecimal, unsignedImmediate } from '../operands/immediate.ts';

const rows = [
  {
    name: 'svc',
    opc: '000',
    LL: '01',
    brief: 'Calls the kernel: takes a Supervisor Call exception to EL1 (or EL2 for a host).',
  },
  { name: 'hvc', opc: '000', LL: '10', brief: 'Calls the hypervisor: takes a Hypervisor Call exception to EL2.' },
  { name: 'smc', opc: '000', LL: '11', brief: 'Calls the firmware: takes a Secure Monitor Call exception to EL3.' },
  { name: 'brk', opc: '001', LL: '00', brief: 'Takes a Breakpoint Instruction exception.' },
  { name: 'hlt', opc: '010', LL: '00', brief: 'Halts for an external debugger; used for semihosting calls.' },
  { name: 'dcps1', opc: '101', LL: '01', brief: 'Changes to EL1 in Debug state; UNDEFINED otherwise.' },
  { name: 'dcps2', opc: '101', LL: '10', brief: 'Changes to EL2 in Debug state; UNDEFINED otherwise.' },
  { name: 'dcps3', opc: '101', LL: '11', brief: 'Changes to EL3 in Debug state; UNDEFINED otherwise.' },
] as const;

export const exceptionGeneration = [
  ...rows.map(({ name, opc, LL, brief }) => {
    const debug = name.startsWith('dcps');
    return instruction(name.toUpperCase(), `11010100 ${opc} imm16:16 000 ${LL}`, {
      operands: { imm: unsignedImmediate('imm16', { width: 16, print: hexadecimal, storedAs: 'u16' }) },
      syntax: `${name} {imm}`,
      aliases: debug ? [{ syntax: name, fixed: { imm16: 0 } }] : [],
      brief,
      traits: ['exception'],
      semantics: b => {
        if (debug) b.raise('undefined');
        else b.system(name);
      },
    });
  }),
  instruction('UDF', '0000000000000000 imm16:16', {
    operands: { imm: unsignedImmediate('imm16', { width: 16, print: value => `#${value}`, storedAs: 'u16' }) },
    syntax: 'udf {imm}',
    brief: 'Is permanently UNDEFINED.',
    traits: ['exception'],
    semantics: b => {
      b.raise('undefined');
    },
  }),
];
