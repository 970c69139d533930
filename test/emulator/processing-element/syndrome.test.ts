import { describe, expect, test } from 'vitest';
import { exceptionClass } from '../../../emulator/architecture/exception-class.ts';
import { isReserved, maskOfBits } from '../../../emulator/architecture/system-register.ts';
import * as syndromes from '../../../emulator/processing-element/syndrome.ts';
import { encodeSyndrome, exceptionClassOf, type Syndrome } from '../../../emulator/processing-element/syndrome.ts';

const transfer = { size: 8, signExtend: true, register: 31, sixtyFour: true, acquireRelease: true } as const;

/** One of each, with many bits set; an SError whose bits are the implementation's own has no layout. */
const ALL: readonly [description: string, syndrome: Syndrome][] = [
  ['an UNDEFINED instruction', syndromes.uncategorized()],
  ['WFI', syndromes.waitTrap('wfi')],
  ['WFET', syndromes.waitTrap('wfet', 31)],
  ['floating-point access', syndromes.floatingPointAccess()],
  ['branch target', syndromes.branchTarget(3)],
  ['illegal execution state', syndromes.illegalExecutionState()],
  ['SVC', syndromes.supervisorCall(0xffff)],
  ['HVC', syndromes.hypervisorCall(0xffff)],
  ['SMC', syndromes.secureMonitorCall(0xffff)],
  ['MRS', syndromes.trappedSystemRegister([3, 7, 15, 15, 7], 31, 'read')],
  ['ERETAB', syndromes.trappedExceptionReturn('B')],
  ['pointer authentication failure', syndromes.pointerAuthenticationFailure(true, true)],
  ['instruction abort', syndromes.instructionAbort({ statusCode: 63, stage1Walk: true, externalType: true })],
  ['data abort', syndromes.dataAbort({ statusCode: 63, write: true, cacheMaintenance: true, transfer })],
  ['PC alignment', syndromes.pcAlignment()],
  ['SP alignment', syndromes.spAlignment()],
  ['SError', syndromes.systemError(0x11)],
  ['hardware breakpoint', syndromes.hardwareBreakpoint()],
  ['software step', syndromes.softwareStep(true, true)],
  ['watchpoint', syndromes.watchpoint(true, true)],
  ['BRK', syndromes.breakpointInstruction(0xffff)],
];

describe('the syndrome of', () => {
  for (const [description, syndrome] of ALL) {
    test(`${description} fits the layout of its class`, () => {
      const forms = syndrome.twoForms ? [false, true] : [false];
      for (const sameLevel of forms) {
        const value = encodeSyndrome(syndrome, sameLevel);
        const row = exceptionClass(exceptionClassOf(value));
        expect(row, `class 0x${exceptionClassOf(value).toString(16)}`).toBeDefined();
        const reserved = row!.syndrome
          .filter(isReserved)
          .reduce((mask, one) => mask | maskOfBits(one.high, one.low), 0n);
        expect(value & 0x1ff_ffffn & reserved).toBe(0n);
        expect((value >> 25n) & 1n).toBe(1n);
      }
    });
  }
});

test('a class with two forms names the change of level', () => {
  const abort = syndromes.dataAbort({ statusCode: 7, write: false });
  expect([encodeSyndrome(abort, false), encodeSyndrome(abort, true)]).toEqual([0x9200_0007n, 0x9600_0007n]);
});

test('a data abort describes the transfer', () => {
  const { iss } = syndromes.dataAbort({
    statusCode: 7,
    write: true,
    transfer: { size: 2, signExtend: false, register: 5, sixtyFour: false, acquireRelease: false },
  });
  expect(iss).toBe((1 << 24) | (1 << 22) | (5 << 16) | (1 << 6) | 7);
});
