/** Exception classes: the values of ESR_ELx.EC and how the syndrome below them is laid out (Arm ARM D24.2, ESR_ELx). */
import { bits, type Field, res0 } from './system-register.ts';

export interface ExceptionClass {
  /** ESR_ELx.EC, six bits. */
  readonly code: number;
  /** A short name for conditions and filters: `hvc`, `dabort`. Two classes that differ by level share it. */
  readonly key: string;
  /** The name a person reads: `HVC`, `Data abort from a lower level`. */
  readonly name: string;
  /** When it happens, in one sentence. */
  readonly meaning: string;
  /** ISS, bits 24 to 0. */
  readonly syndrome: readonly Field[];
  /** FAR_ELx holds the address. */
  readonly hasFaultAddress?: boolean;
  /** AArch32 state only: it cannot happen on a machine without AArch32. */
  readonly aarch32?: boolean;
}

// ---- layouts -----------------------------------------------------------------------------------

const yesNo = { 0: 'no', 1: 'yes' };
const direction = { 0: 'write (MSR)', 1: 'read (MRS)' };
const none = [res0('24:0')];
const whole = [bits('24:0', 'ISS')];

const condition = [
  bits('24', 'CV', 'COND is valid', { values: yesNo }),
  bits('23:20', 'COND', 'Condition of the instruction'),
];

const wait = [
  ...condition,
  res0('19:10'),
  bits('9:5', 'RN', 'Register with the timeout'),
  res0('4:3'),
  bits('2', 'RV', 'RN is valid', { values: yesNo }),
  bits('1:0', 'TI', 'Instruction', { values: { 0: 'WFI', 1: 'WFE', 2: 'WFIT', 3: 'WFET' } }),
];

const coprocessor = [
  ...condition,
  bits('19:17', 'Opc2'),
  bits('16:14', 'Opc1'),
  bits('13:10', 'CRn'),
  bits('9:5', 'Rt', 'General-purpose register'),
  bits('4:1', 'CRm'),
  bits('0', 'Direction', { values: { 0: 'write', 1: 'read' } }),
];

const coprocessorPair = [
  ...condition,
  bits('19:16', 'Opc1'),
  res0('15'),
  bits('14:10', 'Rt2'),
  bits('9:5', 'Rt'),
  bits('4:1', 'CRm'),
  bits('0', 'Direction', { values: { 0: 'write', 1: 'read' } }),
];

const coprocessorMemory = [
  ...condition,
  bits('19:12', 'imm8'),
  res0('11:10'),
  bits('9:5', 'Rn'),
  bits('4', 'Offset'),
  bits('3:1', 'AM'),
  bits('0', 'Direction', { values: { 0: 'store', 1: 'load' } }),
];

const floatingPoint = [...condition, res0('19:0')];
const call = [res0('24:16'), bits('15:0', 'imm16', 'The immediate of the instruction')];
const monitorCall32 = [...condition, bits('19', 'CCKNOWNPASS'), res0('18:0')];

const systemInstruction = [
  res0('24:22'),
  bits('21:20', 'Op0'),
  bits('19:17', 'Op2'),
  bits('16:14', 'Op1'),
  bits('13:10', 'CRn'),
  bits('9:5', 'Rt', 'General-purpose register'),
  bits('4:1', 'CRm'),
  bits('0', 'Direction', { values: direction }),
];

const exceptionReturn = [
  res0('24:2'),
  bits('1', 'ERET', { values: { 0: 'ERET', 1: 'ERETAA or ERETAB' } }),
  bits('0', 'ERETA', { values: { 0: 'ERETAA', 1: 'ERETAB' } }),
];

const authentication = [
  res0('24:2'),
  bits('1', 'DnI', 'Key', { values: { 0: 'instruction key', 1: 'data key' } }),
  bits('0', 'BnA', 'Key', { values: { 0: 'key A', 1: 'key B' } }),
];

const branchTarget = [res0('24:2'), bits('1:0', 'BTYPE', 'PSTATE.BTYPE at the target')];

const abortOrigin = [bits('10', 'FnV', 'FAR is not valid', { values: yesNo }), bits('9', 'EA', 'External abort type')];

const instructionAbort = [
  res0('24:13'),
  bits('12:11', 'SET', 'Synchronous error type'),
  ...abortOrigin,
  res0('8'),
  bits('7', 'S1PTW', 'Stage 2 failed for an access to stage 1 tables', { values: yesNo }),
  res0('6'),
  bits('5:0', 'IFSC', 'Fault status'),
];

const dataAbort = [
  bits('24', 'ISV', 'SAS, SSE, SRT, SF and AR are valid', { values: yesNo }),
  bits('23:22', 'SAS', 'Access size', { values: { 0: 'byte', 1: 'halfword', 2: 'word', 3: 'doubleword' } }),
  bits('21', 'SSE', 'The value is sign-extended', { values: yesNo }),
  bits('20:16', 'SRT', 'Register loaded or stored'),
  bits('15', 'SF', 'Register width', { values: { 0: '32 bits', 1: '64 bits' } }),
  bits('14', 'AR', 'Acquire or release', { values: yesNo }),
  bits('13', 'VNCR', 'The access was to VNCR_EL2 memory', { values: yesNo }),
  bits('12:11', 'SET', 'Synchronous error type'),
  ...abortOrigin,
  bits('8', 'CM', 'Cache maintenance or address translation', { values: yesNo }),
  bits('7', 'S1PTW', 'Stage 2 failed for an access to stage 1 tables', { values: yesNo }),
  bits('6', 'WnR', 'Access', { values: { 0: 'read', 1: 'write' } }),
  bits('5:0', 'DFSC', 'Fault status'),
];

const memoryCopy = [
  bits('24', 'MemInst', { values: { 0: 'copy', 1: 'set' } }),
  bits('23', 'isSETG'),
  bits('22:19', 'Options'),
  bits('18', 'FromEpilogue', { values: yesNo }),
  bits('17', 'WrongOption', { values: yesNo }),
  bits('16', 'OptionA', { values: yesNo }),
  res0('15'),
  bits('14:10', 'destreg'),
  bits('9:5', 'srcreg'),
  bits('4:0', 'sizereg'),
];

const floatingPointException = [
  res0('24'),
  bits('23', 'TFV', 'The flags below are valid', { values: yesNo }),
  res0('22:11'),
  bits('10:8', 'VECITR'),
  bits('7', 'IDF', 'Input denormal'),
  res0('6:5'),
  bits('4', 'IXF', 'Inexact'),
  bits('3', 'UFF', 'Underflow'),
  bits('2', 'OFF', 'Overflow'),
  bits('1', 'DZF', 'Division by zero'),
  bits('0', 'IOF', 'Invalid operation'),
];

const systemError = [
  bits('24', 'IDS', 'Syndrome format', { values: { 0: 'architectural', 1: 'IMPLEMENTATION DEFINED' } }),
  res0('23:14'),
  bits('13', 'IESB', 'Synchronized on exception entry', { values: yesNo }),
  bits('12:10', 'AET', 'Severity', {
    values: { 0: 'uncontainable', 1: 'unrecoverable', 2: 'restartable', 3: 'recoverable', 6: 'corrected' },
  }),
  bits('9', 'EA', 'External abort type'),
  res0('8:6'),
  bits('5:0', 'DFSC', 'Fault status'),
];

const breakpoint = [res0('24:6'), bits('5:0', 'IFSC', 'Fault status')];

const softwareStep = [
  bits('24', 'ISV', 'EX is valid', { values: yesNo }),
  res0('23:7'),
  bits('6', 'EX', 'A load exclusive was stepped', { values: yesNo }),
  bits('5:0', 'IFSC', 'Fault status'),
];

const watchpoint = [
  res0('24'),
  bits('23:18', 'WPT', 'Watchpoint number'),
  bits('17', 'WPTV', 'WPT is valid', { values: yesNo }),
  bits('16', 'WPF', 'May be a false match', { values: yesNo }),
  bits('15', 'FnP', 'FAR is not precise', { values: yesNo }),
  res0('14'),
  bits('13', 'VNCR', 'The access was to VNCR_EL2 memory', { values: yesNo }),
  res0('12:11'),
  bits('10', 'FnV', 'FAR is not valid', { values: yesNo }),
  res0('9'),
  bits('8', 'CM', 'Cache maintenance', { values: yesNo }),
  res0('7'),
  bits('6', 'WnR', 'Access', { values: { 0: 'read', 1: 'write' } }),
  bits('5:0', 'DFSC', 'Fault status'),
];

const comment = [res0('24:16'), bits('15:0', 'Comment', 'The immediate of the instruction')];

// ---- classes -----------------------------------------------------------------------------------

const address = { hasFaultAddress: true };
const aarch32 = { aarch32: true };

const row = (
  code: number,
  key: string,
  name: string,
  meaning: string,
  syndrome: readonly Field[],
  more: Pick<ExceptionClass, 'hasFaultAddress' | 'aarch32'> = {},
): ExceptionClass => ({ code, key, name, meaning, syndrome, ...more });

export const exceptionClasses: readonly ExceptionClass[] = [
  row(0x00, 'undef', 'Unknown reason', 'An UNDEFINED instruction, or one that a control makes UNDEFINED.', none),
  row(0x01, 'wfx', 'Trapped WFI or WFE', 'A wait instruction that a higher level traps.', wait),
  row(
    0x03,
    'cp15',
    'Trapped MCR or MRC (cp15)',
    'An AArch32 system-register access that is trapped.',
    coprocessor,
    aarch32,
  ),
  row(
    0x04,
    'cp15',
    'Trapped MCRR or MRRC (cp15)',
    'An AArch32 system-register access that is trapped.',
    coprocessorPair,
    aarch32,
  ),
  row(
    0x05,
    'cp14',
    'Trapped MCR or MRC (cp14)',
    'An AArch32 debug or trace access that is trapped.',
    coprocessor,
    aarch32,
  ),
  row(
    0x06,
    'cp14',
    'Trapped LDC or STC',
    'An AArch32 transfer of debug data that is trapped.',
    coprocessorMemory,
    aarch32,
  ),
  row(
    0x07,
    'fp',
    'Trapped floating point or SIMD',
    'CPACR_EL1 or CPTR_ELx does not permit floating point.',
    floatingPoint,
  ),
  row(
    0x08,
    'fpid',
    'Trapped VMRS',
    'An AArch32 read of floating-point identification that is trapped.',
    coprocessor,
    aarch32,
  ),
  row(
    0x09,
    'pauth',
    'Trapped pointer authentication',
    'HCR_EL2.API or SCR_EL3.API does not permit the instruction.',
    none,
  ),
  row(0x0a, 'ls64', 'Trapped LD64B or ST64B', 'A control does not permit the instruction.', whole),
  row(
    0x0c,
    'cp14',
    'Trapped MRRC (cp14)',
    'An AArch32 debug or trace access that is trapped.',
    coprocessorPair,
    aarch32,
  ),
  row(
    0x0d,
    'bti',
    'Branch target',
    'An indirect branch reached an instruction that is no landing pad for it.',
    branchTarget,
  ),
  row(0x0e, 'illegal', 'Illegal execution state', 'PSTATE.IL was 1, usually after an illegal exception return.', none),
  row(0x11, 'svc', 'SVC in AArch32 state', 'A call of the operating system.', call, aarch32),
  row(0x12, 'hvc', 'HVC in AArch32 state', 'A call of the hypervisor.', call, aarch32),
  row(0x13, 'smc', 'SMC in AArch32 state', 'A call of the secure monitor that is trapped.', monitorCall32, aarch32),
  row(0x15, 'svc', 'SVC', 'A call of the operating system.', call),
  row(0x16, 'hvc', 'HVC', 'A call of the hypervisor.', call),
  row(0x17, 'smc', 'SMC', 'A call of the secure monitor, or one that HCR_EL2.TSC traps.', call),
  row(
    0x18,
    'sysreg',
    'Trapped system register',
    'MRS, MSR or a system instruction that a control traps.',
    systemInstruction,
  ),
  row(0x19, 'sve', 'Trapped SVE', 'CPACR_EL1 or CPTR_ELx does not permit scalable vectors.', none),
  row(0x1a, 'eret', 'Trapped ERET', 'An exception return at EL1 that HCR_EL2.NV traps.', exceptionReturn),
  row(
    0x1c,
    'pac',
    'Pointer authentication failure',
    'A pointer was not signed with the key it was checked with.',
    authentication,
  ),
  row(0x1d, 'sme', 'Trapped SME', 'A control does not permit scalable matrices.', whole),
  row(0x1f, 'impdef', 'IMPLEMENTATION DEFINED exception to EL3', "An exception of the implementation's own.", whole),
  row(
    0x20,
    'iabort',
    'Instruction abort from a lower level',
    'An instruction could not be fetched.',
    instructionAbort,
    address,
  ),
  row(
    0x21,
    'iabort',
    'Instruction abort from the same level',
    'An instruction could not be fetched.',
    instructionAbort,
    address,
  ),
  row(0x22, 'pcalign', 'PC alignment', 'The PC is not a multiple of four.', none, address),
  row(0x24, 'dabort', 'Data abort from a lower level', 'Memory could not be accessed.', dataAbort, address),
  row(0x25, 'dabort', 'Data abort from the same level', 'Memory could not be accessed.', dataAbort, address),
  row(0x26, 'spalign', 'SP alignment', 'A load or store used an SP that is not a multiple of 16.', none),
  row(
    0x27,
    'mops',
    'Memory copy or set',
    'A memory copy or set instruction found its registers unprepared.',
    memoryCopy,
  ),
  row(
    0x28,
    'fpexc',
    'Floating-point exception in AArch32 state',
    'A trapped floating-point exception.',
    floatingPointException,
    aarch32,
  ),
  row(0x2c, 'fpexc', 'Floating-point exception', 'A trapped floating-point exception.', floatingPointException),
  row(0x2f, 'serror', 'SError', 'An error that is reported later than the access that caused it.', systemError),
  row(0x30, 'breakpoint', 'Breakpoint from a lower level', 'A hardware breakpoint matched.', breakpoint),
  row(0x31, 'breakpoint', 'Breakpoint from the same level', 'A hardware breakpoint matched.', breakpoint),
  row(
    0x32,
    'step',
    'Software step from a lower level',
    'MDSCR_EL1.SS asked for an exception after one instruction.',
    softwareStep,
  ),
  row(
    0x33,
    'step',
    'Software step from the same level',
    'MDSCR_EL1.SS asked for an exception after one instruction.',
    softwareStep,
  ),
  row(0x34, 'watchpoint', 'Watchpoint from a lower level', 'A hardware watchpoint matched.', watchpoint, address),
  row(0x35, 'watchpoint', 'Watchpoint from the same level', 'A hardware watchpoint matched.', watchpoint, address),
  row(0x38, 'bkpt', 'BKPT in AArch32 state', 'A breakpoint instruction.', comment, aarch32),
  row(0x3a, 'vectorcatch', 'Vector catch in AArch32 state', 'A vector catch from AArch32 state.', breakpoint, aarch32),
  row(0x3c, 'brk', 'BRK', 'A breakpoint instruction.', comment),
];

const byCode = new Map(exceptionClasses.map(one => [one.code, one]));

/** The class of an EC value, or undefined for a reserved one. */
export function exceptionClass(code: number): ExceptionClass | undefined {
  return byCode.get(code & 0x3f);
}

/** The classes that share a short name: `dabort` is 0x24 and 0x25. */
export function exceptionClassesNamed(key: string): readonly ExceptionClass[] {
  return exceptionClasses.filter(one => one.key === key.toLowerCase());
}
