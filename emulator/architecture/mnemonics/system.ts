/** Notes on system registers, barriers, and maintenance of caches and translations. */
import { note } from './note.ts';

export const system = [
  note(
    'mrs',
    'Reads a system register. Whether that is allowed depends on the Exception level and on traps of the levels above; a trapped read reports class 0x18 with the register’s encoding in the syndrome. With VHE, a host at EL2 that names an EL1 register gets the EL2 one: `_EL12` names reach the guest’s.',
    'mrs x0, esr_el2\nmrs x1, cntvct_el0',
  ),
  note(
    'msr',
    'Writes a system register, or a field of PSTATE with a constant: `msr daifset, #2` masks IRQs. Most writes take effect for certain only after an ISB or an exception; writes to PSTATE fields do at once. Keep the bits that you do not mean to change: read, BIC, ORR, write.',
    'msr vbar_el2, x0\nmsr daifclr, #2\nisb',
  ),
  note(
    'isb',
    'Everything after it is fetched and executed as if the changes of system registers before it had always been there. Needed after changing SCTLR_ELx, TTBRs, TCR, CPTR and the like, and after invalidating instructions.',
    'msr sctlr_el1, x0\nisb',
  ),
  note(
    'dsb',
    'Waits until memory accesses, cache and TLB maintenance before it have finished for the observers named: ISH for the inner shareable domain, SY for all, with ST or LD to restrict what is awaited. After changing a page table: DSB ISHST, TLBI, DSB ISH, ISB.',
    'dsb ish\ndsb sy',
  ),
  note(
    'dmb',
    'Orders memory accesses before it and after it, without waiting for them: for two accesses that another processing element or a device must see in order. Load-acquire and store-release are often enough.',
    'dmb ish\ndmb oshst',
  ),
  note(
    'sb',
    'Nothing after it is executed speculatively before it is certain to execute. Needs FEAT_SB; older code uses DSB and ISB.',
    'sb',
  ),
  note(
    'esb psb csdb',
    'Barriers in hint space. ESB makes pending system errors visible (DISR_EL1, or VDISR_EL2 for a guest); PSB CSYNC waits for profiling data; CSDB keeps selections from being predicted.',
    'esb\ncsdb',
  ),
  note(
    'tlbi',
    'Throws away cached translations: of an address (VA…), an ASID, all stages of a VMID (VMALLS12E1), stage 2 by intermediate address (IPAS2E1), or a whole level (ALLE2). IS reaches all processing elements of the inner shareable domain, OS of the outer; L means last-level entries only. Which VMID and regime are meant follows from the current VTTBR_EL2, HCR_EL2 and level. Put DSB before and after it, and ISB after that.',
    'tlbi vmalle1is\ntlbi vae1is, x0\ntlbi alle2',
  ),
  note(
    'dc',
    'Data cache maintenance by address or set and way: CVAC cleans to the point of coherency (before a device reads), IVAC invalidates (after it wrote), CIVAC does both, CVAU cleans to where instructions are fetched. `dc zva` clears a block of DCZID_EL0’s size. The forms with SW belong to power-down code of one processing element.',
    'dc cvac, x0\ndc zva, x1\ndc civac, x2',
  ),
  note(
    'ic',
    'Instruction cache maintenance. After writing code: DC CVAU for its lines, DSB ISH, IC IVAU, DSB ISH, ISB.',
    'ic ivau, x0\nic iallu\nic ialluis',
  ),
  note(
    'at',
    'Asks the MMU to translate an address as a read or write of some level would, and puts the outcome into PAR_EL1: bit 0 tells whether it failed, then the fault status follows, otherwise the physical address with attributes. S12E1R goes through both stages, which tells a hypervisor what a guest’s address means. An ISB stands between AT and the read of PAR_EL1.',
    'at s1e1r, x0\nisb\nmrs x1, par_el1',
  ),
  note(
    'sys sysl',
    'The general forms of DC, IC, AT, TLBI and others, by op1, CRn, CRm and op2; for operations that an assembler does not know by name.',
    'sys #0, c7, c5, #0\nsysl x0, #0, c15, c0, #0',
  ),
  note(
    'cfinv',
    'Inverts the carry flag: what subtraction on other architectures calls borrow. Needs FEAT_FlagM.',
    '.arch_extension flagm\ncfinv',
  ),
  note(
    'pacia pacib pacda pacdb paciasp pacibsp paciaz pacibz pacia1716 pacib1716',
    'Sign a pointer: a cryptographic code of the address, a modifier and a key goes into the unused top bits. PACIASP signs the return address with SP at a function’s entry. The keys are system registers that a kernel changes for each process; SCTLR_ELx.EnIA and its kin switch them on, otherwise nothing happens.',
    'paciasp\npaciaz',
  ),
  note(
    'autia autib autda autdb autiasp autibsp autiaz autibz autia1716 autib1716',
    'Check a signed pointer and restore it. If the code is wrong the result is an address that faults when used, or, on processors that check at once, an exception of class 0x1C.',
    'autiasp\nautiaz',
  ),
  note(
    'xpaci xpacd xpaclri',
    'Remove the code from a signed pointer without checking it, for debuggers and unwinders.',
    'xpaclri',
  ),
  note(
    'retaa retab eretaa eretab',
    'Authenticate the return address (X30, or ELR_ELx for ERETAA) with SP and return, in one instruction. Needs FEAT_PAuth.',
    '.arch_extension pauth\nretaa',
  ),
];
