/** Notes on loads, stores, exclusives and atomics. */
import { note } from './note.ts';

export const memory = [
  note(
    'ldr str',
    'Load or store a register. Addresses are a base (which may be SP) with an unsigned offset scaled by the size, with an index register optionally extended and scaled, or with write-back before (`[x0, #8]!`) or after (`[x0], #8`). `ldr x0, =value` puts the value in a literal pool and loads it from there. SP as base must be a multiple of 16 where SCTLR_ELx.SA is set.',
    'ldr x0, [x1, #8]\nstr w2, [x3, w4, uxtw #2]\nldr x5, [sp], #16',
  ),
  note(
    'ldrb ldrh strb strh',
    'Load a byte or halfword and fill with zeros, or store the low part of a register. Device registers want the size that the device documents.',
    'ldrb w0, [x1]\nstrh w2, [x3, #2]',
  ),
  note(
    'ldrsb ldrsh ldrsw',
    'Load and sign-extend to 32 or 64 bits, as the register’s name says; LDRSW always gives 64.',
    'ldrsb x0, [x1]\nldrsw x2, [x3, #4]',
  ),
  note(
    'ldp stp',
    'Load or store two registers side by side: the way to save and restore contexts and frames. The offset is a multiple of the size within ±64 registers. A hypervisor gets no instruction syndrome for them (ISV = 0), so drivers of emulated devices must not use them on device memory.',
    'stp x29, x30, [sp, #-16]!\nldp x19, x20, [sp], #32\nldp w0, w1, [x2, #8]',
  ),
  note('ldpsw', 'Loads two words and sign-extends each to 64 bits.', 'ldpsw x0, x1, [x2]'),
  note(
    'ldnp stnp',
    'Pairs with a hint that the data will not be used again soon, so that caches need not keep it. Ordering against other accesses is weaker than usual.',
    'stnp x0, x1, [x2]\nldnp x3, x4, [x5, #16]',
  ),
  note(
    'ldur stur ldurb ldurh ldursb ldursh ldursw sturb sturh',
    'Loads and stores with a signed, unscaled offset of -256 to 255. The assembler takes them by itself when LDR or STR is written with an offset that does not fit the scaled form.',
    'ldur x0, [x1, #-8]\nsturb w2, [x3, #255]',
  ),
  note(
    'ldtr sttr ldtrb ldtrh ldtrsb ldtrsh ldtrsw sttrb sttrh',
    'Accesses that a kernel makes with the permissions of EL0: how copies from and to user space are checked by the MMU. PSTATE.UAO turns them into ordinary ones, and PSTATE.PAN does not stop them. At EL2 they act for EL0 only with VHE and HCR_EL2.TGE.',
    'ldtr x0, [x1]\nsttrb w2, [x3]',
  ),
  note(
    'prfm prfum',
    'Asks caches to fetch ahead: for load, store or execution, into level 1 to 3, to keep or to stream. It never faults.',
    'prfm pldl1keep, [x0]\nprfm pstl1strm, [x1, #64]',
  ),
  note(
    'ldxr stxr ldxrb ldxrh stxrb stxrh ldxp stxp',
    'Load and mark the address; store only if nobody has written there since. STXR’s first register gets 0 for success and 1 for failure, so it stands in a loop. Between the two, no other access and no exception should happen: an ERET clears the mark. The address must be aligned.',
    '1: ldxr x0, [x1]\nadd x0, x0, #1\nstxr w2, x0, [x1]\ncbnz w2, 1b',
  ),
  note(
    'ldaxr stlxr ldaxrb ldaxrh stlxrb stlxrh ldaxp stlxp',
    'Exclusives with order: what follows LDAXR stays after it, what precedes STLXR stays before it. A lock is taken with LDAXR and STXR, and released with STLR.',
    '1: ldaxr w0, [x1]\ncbnz w0, 1b\nstlxr w2, w3, [x1]',
  ),
  note(
    'clrex',
    'Clears this processing element’s exclusive mark, for example when a context switch abandons a sequence half-way.',
    'clrex',
  ),
  note(
    'ldar stlr ldarb ldarh stlrb stlrh',
    'Load-acquire and store-release: accesses after LDAR and before STLR stay on their side of it, for everybody who looks. They replace most DMBs. The address must be aligned.',
    'ldar x0, [x1]\nstlr w2, [x3]',
  ),
  note(
    'ldapr ldaprb ldaprh',
    'Load-acquire that may be done before an earlier store-release to another address: enough for C++’s acquire, and cheaper than LDAR. Needs FEAT_LRCPC.',
    'ldapr x0, [x1]',
  ),
  note(
    'ldiapp stilp',
    'Load-acquire and store-release of two registers, in order: what one LDAPR or STLR after the other would do. The address may move by the size of the pair, LDIAPP afterwards and STILP before. Needs FEAT_LRCPC3.',
    'ldiapp x0, x1, [x2]\nldiapp x3, x4, [x2], #16\nstilp x0, x1, [x2, #-16]!',
  ),
  note(
    'ldadd ldclr ldeor ldset ldsmax ldsmin ldumax ldumin ldadda ldaddl ldaddal ldclral ldsetal',
    'Change memory atomically and give back the old value: add, clear the bits that are set, exclusive-OR, set bits, maximum and minimum. A is for acquire and L for release. ST forms (STADD …) drop the old value. Needs FEAT_LSE.',
    'ldadd x0, x1, [x2]\nldsetal w3, w4, [x5]',
  ),
  note(
    'cpyp cpym cpye cpyfp cpyfm cpyfe',
    'Copy memory by instruction: always the three in a row, on the same registers. The first prepares and copies a little, the second does most, the third the rest; destination, source and size are updated, so that interrupts and page faults may come in the middle. CPY looks whether the ranges overlap and chooses its direction, like memmove; CPYF goes upwards, like memcpy. Suffixes say that reads (R), writes (W) or both act as at EL0 (T) or are not worth caching (N). A kernel that moved a thread between processing elements half-way gets exception class 0x27 and begins anew. Permitted at EL0 by SCTLR_EL1.MSCEn, below EL2 by HCRX_EL2.MSCEn. Needs FEAT_MOPS.',
    'cpyp [x0]!, [x1]!, x2!\ncpym [x0]!, [x1]!, x2!\ncpye [x0]!, [x1]!, x2!',
  ),
  note(
    'setp setm sete setgp setgm setge',
    'Fill memory with the low byte of the last register: always the three in a row, as for CPYP, CPYM and CPYE. XZR gives zeros. SETGP, SETGM and SETGE also give memory the tag of its address, whole granules of 16 bytes at a time. Needs FEAT_MOPS, and FEAT_MTE for the tags.',
    'setp [x0]!, x1!, xzr\nsetm [x0]!, x1!, xzr\nsete [x0]!, x1!, xzr',
  ),
  note(
    'stadd stclr steor stset stsmax stsmin stumax stumin',
    'Change memory atomically without looking at the old value: spellings of LDADD and its kin with the zero register.',
    'stadd x0, [x1]\nstset w2, [x3]',
  ),
  note(
    'swp swpa swpl swpal',
    'Exchange a register with memory atomically. `swpa` on a lock word takes a simple lock. Needs FEAT_LSE.',
    'swpal x0, x1, [x2]',
  ),
  note(
    'cas casa casl casal casp caspal',
    'Compare and swap: if memory equals the first register, it becomes the second; the first register gets the old value either way, so compare it with what was expected. CASP does it with pairs of even-numbered registers. Needs FEAT_LSE.',
    'casal x0, x1, [x2]\ncasp x4, x5, x6, x7, [x8]',
  ),
];
