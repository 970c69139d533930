/** Notes on branches, exceptions and waiting. */
import { note } from './note.ts';

export const branchesAndExceptions = [
  note(
    'b',
    'Goes to a label within 128 MiB. A linker may put a veneer in between when the label turns out to be further away, which is allowed to change X16 and X17.',
    'here: b here',
  ),
  note(
    'b.eq b.ne b.cs b.hs b.cc b.lo b.mi b.pl b.vs b.vc b.hi b.ls b.ge b.lt b.gt b.le b.al b.nv',
    'Goes to a label within 1 MiB when the flags satisfy the condition. After CMP: EQ and NE; HS, HI, LO and LS for unsigned numbers; GE, GT, LT and LE for signed ones; MI and PL look at the sign and VS and VC at overflow. CS and CC are other names of HS and LO.',
    'again: subs x0, x0, #1\nb.ne again',
  ),
  note(
    'cbz cbnz',
    'Branch when a register is zero, or is not, within 1 MiB. They neither read nor write flags. The W form looks at the low half only.',
    'skip: cbz x0, skip\ncbnz w1, skip',
  ),
  note(
    'tbz tbnz',
    'Branch when one bit of a register is zero, or is not, within 32 KiB: the shortest way to test a flag of a system register or of a device.',
    'spin: tbz x0, #5, spin\ntbnz w1, #0, spin',
  ),
  note(
    'bl blr',
    'Call: the address of the next instruction goes to X30, the link register. A function that calls another one must keep X30 first, usually with X29 as a frame record: `stp x29, x30, [sp, #-16]!`. BLR takes the address from a register, and with branch target identification must land on a BTI instruction that allows calls.',
    'function: bl function\nblr x8',
  ),
  note(
    'br',
    'Goes to the address in a register: a tail call, a jump table, or the step from boot code to its virtual address. It does not tell the return predictor anything.',
    'br x0',
  ),
  note(
    'ret',
    'Returns to the address in X30, or in another register if one is named. It differs from BR in that processors predict it as a return. It stays on the same Exception level; leaving one is done by ERET.',
    'ret\nret x5',
  ),
  note(
    'eret',
    'Returns from an exception: the program counter comes from ELR_ELx and the processor state, with the Exception level to go to, from SPSR_ELx of the current level. If SPSR_ELx asks for something that cannot be (a higher level, AArch32 where there is none, a reserved mode), the level stays, PSTATE.IL is set and the next instruction raises an Illegal Execution state exception. It synchronizes context, so no ISB is needed before it.',
    'msr elr_el2, x0\nmov x1, #0x3c5\nmsr spsr_el2, x1\neret',
  ),
  note(
    'svc',
    'Calls the operating system: a synchronous exception from EL0 to EL1, or to EL2 when HCR_EL2.TGE is set. The 16-bit number appears in the syndrome; Linux ignores it and takes the call’s number from X8.',
    'mov x8, #64\nsvc #0',
  ),
  note(
    'hvc',
    'Calls the hypervisor, from EL1 or above to EL2. UNDEFINED at EL0, and wherever HCR_EL2.HCD or SCR_EL3.HCE forbid it. The return address is the instruction after it, so a handler that emulates the call need not advance ELR_EL2.',
    'mov w0, #0x84000000\nhvc #0',
  ),
  note(
    'smc',
    'Calls firmware at EL3. A hypervisor may trap it with HCR_EL2.TSC; then ELR_EL2 points at the SMC itself and the handler must step over it. Arguments follow the SMC Calling Convention: function number in W0, and on return X4 to X17 may be changed by old versions.',
    'mov w0, #0x84000000\nsmc #0',
  ),
  note(
    'brk',
    'Breakpoint instruction: an exception of class 0x3C with the 16-bit number in the syndrome. Kernels use it for BUG and WARN; it is taken to the debug target level, EL1 or, with MDCR_EL2.TDE or HCR_EL2.TGE, EL2.',
    'brk #0x800',
  ),
  note(
    'hlt',
    'Halts into an external debugger where one is attached and allowed; otherwise it is UNDEFINED. `hlt #0xf000` is how AArch64 code asks for semihosting.',
    'hlt #0xf000',
  ),
  note(
    'udf',
    'Permanently undefined: always an exception of class 0. A word of zeros is `udf #0`, so running into cleared memory stops at once.',
    'udf #0',
  ),
  note(
    'wfi',
    'Waits until an interrupt is pending, masked or not: after it, look for work. A hypervisor traps it with HCR_EL2.TWI to run another guest meanwhile (class 0x01).',
    'wfi',
  ),
  note(
    'wfe sev sevl',
    'WFE waits until the event register is set and clears it; SEV sets that of every processing element and SEVL the own one. An exclusive monitor that is cleared by another’s store is an event as well, so a lock is awaited with LDAXR then WFE. It may end early, so always test again. HCR_EL2.TWE traps it.',
    'sevl\nwfe\nsev',
  ),
  note(
    'wfet wfit',
    'WFE and WFI with a limit: they end at the latest when CNTVCT_EL0 has reached the register, so that a wait with a timeout needs no timer interrupt. Ending early is allowed, so always test again. The syndrome of a trap names the register. Needs FEAT_WFxT.',
    'mrs x0, cntvct_el0\nadd x0, x0, #1000\nwfet x0',
  ),
  note('yield', 'A hint that this loop waits for someone else. It never changes what the program computes.', 'yield'),
  note(
    'nop hint',
    'NOP does nothing but take space. HINT with a number is the general form: numbers that a processor does not know are NOPs, so that BTI, PACIASP and others run everywhere.',
    'nop\nhint #34',
  ),
  note(
    'bti',
    'Marks a place to which an indirect branch may go: `c` for calls, `j` for jumps, `jc` for both. On pages with the GP bit, landing anywhere else raises a Branch Target exception (class 0x0D). PACIASP counts as a landing place for calls.',
    'bti c\nbti jc',
  ),
  note('drps', 'Leaves Debug state. It exists only there, and is UNDEFINED in a running program.', 'drps'),
];
