/** Notes on allocation tags. */
import { note } from './note.ts';

export const memoryTagging = [
  note(
    'irg gmi',
    'IRG puts a random tag into bits 59:56 of an address, but none of those whose bit is set in the third register or in GCR_EL1.Exclude; GMI adds an address’s tag to such a set, so that neighbouring allocations differ. The random sequence is in RGSR_EL1. Where SCTLR_ELx.ATA (at EL0 ATA0) is clear, the tag is 0. Needs FEAT_MTE.',
    'irg x0, x1\ngmi x2, x0, xzr\nirg x3, x1, x2',
  ),
  note(
    'addg subg',
    'Add to an address, or subtract, a multiple of 16, and step its tag by the second number, over the tags that GCR_EL1 excludes. This is how a compiler gets the addresses of tagged local variables from SP. Needs FEAT_MTE.',
    'addg x0, sp, #32, #1\nsubg x1, x0, #16, #0',
  ),
  note(
    'subp subps cmpp',
    'Subtract two addresses, or compare them, without their tags: bits 55:0 with their sign. Needs FEAT_MTE.',
    'subp x0, x1, x2\ncmpp x1, x2',
  ),
  note(
    'stg st2g stzg stz2g stgp',
    'Give memory the tag of the first register’s address: 16 bytes, or 32 with “2”; with “z” they are also filled with zeros. STGP stores two registers and takes the tag from the address itself. The address must be a multiple of 16, and the access itself is never checked. Only memory whose MAIR attribute is 0xf0 has tags; on the virt board it needs mte=on. Needs FEAT_MTE.',
    'stg x0, [x0]\nst2g x1, [x1], #32\nstzg x2, [x2, #16]!\nstgp x3, x4, [x5]',
  ),
  note(
    'ldg',
    'Reads the tag of the 16 bytes around an address and puts it into bits 59:56 of the first register, whose other bits stay: `ldg x0, [x0]` makes an address that may be used. Memory without tags gives 0. Needs FEAT_MTE.',
    'ldg x0, [x0]\nldg x1, [x2, #32]',
  ),
  note(
    'ldgm stgm stzgm',
    'For kernels, to save and restore pages: LDGM and STGM move as many tags as GMID_EL1 says, four bits each; STZGM fills the block that DC ZVA would clear with zeros and gives it one tag. UNDEFINED at EL0. Needs FEAT_MTE2.',
    'ldgm x0, [x1]\nstgm x0, [x2]\nstzgm xzr, [x3]',
  ),
];
