/** The kinds of exceptions and returns that can be broken on, named as users write them in conditions. */
import { panicReason } from './kernel-panic.ts';
import type { ExceptionRecord } from './target.ts';

export interface ExceptionFilter {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly default: boolean;
  /** Exception classes (ESR_ELx.EC) that the name stands for in conditions. */
  readonly classes?: readonly number[];
  matches(record: ExceptionRecord): boolean;
  /** For what a guest tells on its console: what the line says, when it is such a line. */
  says?(line: string): string | undefined;
}

/** Numbers that stand for asynchronous exceptions, which have no class, where a condition compares `ec`. */
export const asynchronousClass = { irq: 0x100n, fiq: 0x101n, serror: 0x102n } as const;

/** IRQ, FIQ and SError without telling a physical from a virtual one; undefined for a synchronous exception. */
export function asynchronousKind(record: ExceptionRecord): 'irq' | 'fiq' | 'serror' | undefined {
  if (record.kind === 'return') return undefined;
  switch (record.cause) {
    case 'irq':
    case 'virtualIrq':
      return 'irq';
    case 'fiq':
    case 'virtualFiq':
      return 'fiq';
    case 'serror':
    case 'virtualSError':
      return 'serror';
    case 'synchronous':
      return undefined;
  }
}

/** Synchronous exceptions that a guest asks for by an instruction made for it, or that a hypervisor arranged. */
const expectedClasses = new Set([0x01, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x07, 0x32, 0x33, 0x3c]);

const ofClasses = (
  id: string,
  label: string,
  description: string,
  classes: readonly number[],
  isDefault = false,
): ExceptionFilter => ({
  id,
  label,
  description,
  default: isDefault,
  classes,
  matches: record =>
    record.kind === 'exception' &&
    record.exceptionClass !== undefined &&
    asynchronousKind(record) === undefined &&
    classes.includes(record.exceptionClass),
});

/** Of what a filter matches, that which comes from above an Exception level. */
const above = (el: number, filter: ExceptionFilter): ExceptionFilter => ({
  ...filter,
  matches: record => record.from > el && filter.matches(record),
});

const asynchronous = (id: 'irq' | 'fiq' | 'serror', label: string): ExceptionFilter => ({
  id,
  label,
  description: 'Physical or virtual',
  default: false,
  matches: record => asynchronousKind(record) === id,
});

/** Without a vector table there is nothing that could handle an exception: VBAR_ELx still has its reset value. */
function wentToNoVector(record: ExceptionRecord): boolean {
  return (
    record.kind === 'exception' &&
    record.target < 0x800n &&
    !expectedClasses.has(record.exceptionClass ?? -1) &&
    asynchronousKind(record) === undefined
  );
}

export const exceptionFilters: readonly ExceptionFilter[] = [
  {
    id: 'unhandled',
    label: 'Unexpected exception',
    description: 'No vector table is installed, or the handler faulted in its first instruction',
    default: true,
    matches: record => wentToNoVector(record) || (record.kind === 'exception' && isVectorFault(record)),
  },
  above(
    0,
    ofClasses(
      'undef',
      'Undefined instruction',
      'At EL1 or above: UNDEFINED, or trapped as such (EC 0x00)',
      [0x00],
      true,
    ),
  ),
  {
    id: 'undef0',
    label: 'Undefined instruction at EL0',
    description: 'A kernel may carry it out for its program, as Linux does with reads of identification registers',
    default: false,
    matches: record => record.from === 0 && record.kind === 'exception' && record.exceptionClass === 0x00,
  },
  ofClasses('svc', 'SVC', 'System calls (EC 0x15)', [0x15]),
  ofClasses('hvc', 'HVC', 'Hypervisor calls (EC 0x16)', [0x16]),
  ofClasses('smc', 'SMC', 'Secure monitor calls (EC 0x17)', [0x17]),
  ofClasses('sysreg', 'Trapped system register', 'Trapped MRS, MSR or system instruction (EC 0x18)', [0x18]),
  ofClasses('wfx', 'Trapped WFI or WFE', 'EC 0x01', [0x01]),
  ofClasses('fp', 'Trapped FP/SIMD', 'EC 0x07', [0x07]),
  ofClasses('iabort', 'Instruction abort', 'EC 0x20 and 0x21', [0x20, 0x21]),
  ofClasses('dabort', 'Data abort', 'EC 0x24 and 0x25', [0x24, 0x25]),
  {
    id: 'stage2',
    label: 'Stage 2 fault',
    description: 'An abort that a guest takes to EL2',
    default: false,
    matches: record =>
      record.kind === 'exception' &&
      record.to === 2 &&
      (record.exceptionClass === 0x20 || record.exceptionClass === 0x24),
  },
  ofClasses('align', 'PC or SP alignment', 'EC 0x22 and 0x26', [0x22, 0x26]),
  asynchronous('irq', 'IRQ'),
  asynchronous('fiq', 'FIQ'),
  asynchronous('serror', 'SError'),
  ofClasses('brk', 'BRK instruction', 'EC 0x3C', [0x3c], true),
  {
    id: 'vmexit',
    label: 'VM exit',
    description: 'Any exception from a guest to EL2',
    default: false,
    matches: record => record.kind === 'exception' && record.guest === 'exit',
  },
  {
    id: 'vmentry',
    label: 'VM entry',
    description: 'Any exception return from EL2 into a guest',
    default: false,
    matches: record => record.kind === 'return' && record.guest === 'entry',
  },
  {
    id: 'panic',
    label: 'Kernel panic',
    description: "Linux says so on the machine's first serial port",
    default: true,
    matches: () => false,
    says: panicReason,
  },
  {
    id: 'elchange',
    label: 'Exception level change',
    description: 'Any exception or return that changes the level',
    default: false,
    matches: record => record.from !== record.to,
  },
];

export const conditionDescription = 'for example: from==1 && to==2 && ipa in 0x09000000..0x09000fff';

/** A fault whose own vector is where it happened: the handler cannot run, and the same fault comes again. */
function isVectorFault(record: ExceptionRecord): boolean {
  if (record.kind !== 'exception' || record.from !== record.to || asynchronousKind(record) !== undefined) return false;
  return record.instruction === record.target;
}

/** The filter that names an exception or return best: the word for logs and tables. */
export function categoryOf(record: ExceptionRecord): string {
  if (record.kind === 'return') return record.guest === 'entry' ? 'vmentry' : 'eret';
  const kind = asynchronousKind(record);
  if (kind) return kind;
  return exceptionFilters.find(filter => filter.classes?.includes(record.exceptionClass ?? -1))?.id ?? 'other';
}

/** A category in words: the label of the filter that has its name. */
export function categoryLabel(category: string): string {
  return (
    exceptionFilters.find(filter => filter.id === category)?.label ??
    (category === 'eret' ? 'Exception return' : 'Exception')
  );
}
