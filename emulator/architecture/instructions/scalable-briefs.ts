/**
 * What each mnemonic of SVE and SME does, in one line. Mnemonics that differ in a letter share a line, in which
 * `{signed}` is told by the first letter (`s`, `u`), `{even}` by the last (`b` for bottom, `t` for top) and `{element}`
 * by the last (`b`, `h`, `w`, `d`, `q`).
 */
const lines = `
abs: Absolute value.
adclb adclt: Adds {even} elements with the carry that the next element holds.
add: Adds.
addha: Adds a vector to each row of a tile.
addhnb addhnt: Adds and keeps the high half of each sum in the {even} elements.
addp: Adds neighbouring pairs.
addpl: Adds a multiple of the bytes of a predicate.
addspl: Adds a multiple of the bytes of a streaming predicate.
addsvl: Adds a multiple of the bytes of a streaming vector.
addva: Adds a vector to each column of a tile.
addvl: Adds a multiple of the bytes of a vector.
adr: Makes a vector of addresses: a base and an offset, extended and shifted.
aesd: One round of AES decryption, without mixing columns.
aese: One round of AES encryption, without mixing columns.
aesimc: The inverse mixing of columns of AES.
aesmc: The mixing of columns of AES.
and: Bitwise AND.
ands: Bitwise AND of predicates, setting the flags.
andv: Bitwise AND of all active elements.
asr: Shifts right, repeating the sign.
asrd: Divides by a power of two, rounding towards zero.
asrr: Shifts the second operand right by the first, repeating the sign.
bcax: Clears bits, then exclusive OR.
bdep: Scatters low bits to where a mask has ones.
bext: Gathers bits from where a mask has ones.
bfcvt bfcvtnt: Converts single precision to BFloat16.
bfdot: Dot product of pairs of BFloat16 numbers, added to single precision.
bfmlalb bfmlalt: Multiplies {even} BFloat16 elements and adds to single precision.
bfmmla: Multiplies 2×4 and 4×2 matrices of BFloat16 numbers and adds to single precision.
bfmopa: Adds the outer product of BFloat16 vectors to a tile.
bfmops: Subtracts the outer product of BFloat16 vectors from a tile.
bgrp: Groups bits: those where a mask has ones low, the others high.
bic: Bitwise AND with the complement.
bics: Bitwise AND of a predicate with a complement, setting the flags.
brka: Breaks after the first true element.
brkas: Breaks after the first true element, setting the flags.
brkb: Breaks before the first true element.
brkbs: Breaks before the first true element, setting the flags.
brkn: Keeps a predicate if the last active element of another is true, else makes it false.
brkns: Keeps a predicate if the last active element of another is true, setting the flags.
brkpa: Breaks after the first true element, going on from an earlier predicate.
brkpas: Breaks after the first true element, going on from an earlier predicate, setting the flags.
brkpb: Breaks before the first true element, going on from an earlier predicate.
brkpbs: Breaks before the first true element, going on from an earlier predicate, setting the flags.
bsl: Selects bits of two vectors by a third.
bsl1n: Selects bits of two vectors by a third, the first complemented.
bsl2n: Selects bits of two vectors by a third, the second complemented.
cadd: Adds complex numbers, the second rotated.
cdot: Dot product of complex numbers, the second rotated, added.
clasta: Copies the element after the last active one, or leaves the destination when none is.
clastb: Copies the last active element, or leaves the destination when none is.
cls: Counts the bits that repeat the sign.
clz: Counts leading zero bits.
cmla: Multiplies complex numbers, one rotated, and adds.
cmpeq: Compares: equal.
cmpge: Compares signed numbers: greater or equal.
cmpgt: Compares signed numbers: greater.
cmphi: Compares unsigned numbers: higher.
cmphs: Compares unsigned numbers: higher or the same.
cmple: Compares signed numbers: less or equal.
cmplo: Compares unsigned numbers: lower.
cmpls: Compares unsigned numbers: lower or the same.
cmplt: Compares signed numbers: less.
cmpne: Compares: not equal.
cnot: 1 for zero, and 0 for anything else.
cnt: Counts the bits that are one.
cntb cnth cntw cntd: The number of {element}s in a vector, or in a part of it, times a constant.
cntp: Counts the active elements of a predicate.
compact: Moves the active elements to the low end and clears the rest.
cpy: Copies a value to the active elements.
ctermeq ctermne: Ends a loop that works by vectors when two scalars compare so.
decb dech decw decd: Subtracts the number of {element}s in a vector, or in a part of it.
decp: Subtracts the number of active elements.
dup: Copies a value to all elements.
dupm: Copies a bitmask to all elements.
eor: Bitwise exclusive OR.
eor3: Exclusive OR of three vectors.
eorbt: Exclusive OR of even elements with odd ones, to the even ones.
eors: Exclusive OR of predicates, setting the flags.
eortb: Exclusive OR of odd elements with even ones, to the odd ones.
eorv: Exclusive OR of all active elements.
ext: Takes a vector out of the bytes of two.
fabd: Absolute difference of floating-point numbers.
fabs: Absolute value of floating-point numbers.
facge: Compares absolute values: greater or equal.
facgt: Compares absolute values: greater.
fadd: Adds floating-point numbers.
fadda: Adds the active floating-point elements to a scalar, one after the other.
faddp: Adds neighbouring pairs of floating-point numbers.
faddv: Sum of all active floating-point elements, by halves.
fcadd: Adds complex floating-point numbers, the second rotated.
fcmeq: Compares floating-point numbers: equal.
fcmge: Compares floating-point numbers: greater or equal.
fcmgt: Compares floating-point numbers: greater.
fcmla: Multiplies complex floating-point numbers, one rotated, and adds.
fcmle: Compares floating-point numbers: less or equal.
fcmlt: Compares floating-point numbers: less.
fcmne: Compares floating-point numbers: not equal.
fcmuo: Compares floating-point numbers: unordered.
fcpy: Copies a floating-point number to the active elements.
fcvt: Converts between floating-point precisions.
fcvtlt: Converts odd elements to the next higher precision.
fcvtnt: Converts to the next lower precision, into the odd elements.
fcvtx: Converts double to single precision, rounding to odd.
fcvtxnt: Converts double to single precision, rounding to odd, into the odd elements.
fcvtzs: Converts floating-point numbers to signed integers, towards zero.
fcvtzu: Converts floating-point numbers to unsigned integers, towards zero.
fdiv: Divides floating-point numbers.
fdivr: Divides floating-point numbers, the second by the first.
fdup: Copies a floating-point number to all elements.
fexpa: Looks up the fraction of a power of two, to speed up exponentials.
flogb: The exponent of a floating-point number, as an integer.
fmad: Multiplies floating-point numbers and adds, over a factor.
fmax: The larger of floating-point numbers.
fmaxnm: The larger of floating-point numbers, taking a number over a NaN.
fmaxnmp: The larger of neighbouring pairs, taking a number over a NaN.
fmaxnmv: The largest active floating-point element, taking numbers over NaNs.
fmaxp: The larger of neighbouring pairs of floating-point numbers.
fmaxv: The largest active floating-point element.
fmin: The smaller of floating-point numbers.
fminnm: The smaller of floating-point numbers, taking a number over a NaN.
fminnmp: The smaller of neighbouring pairs, taking a number over a NaN.
fminnmv: The smallest active floating-point element, taking numbers over NaNs.
fminp: The smaller of neighbouring pairs of floating-point numbers.
fminv: The smallest active floating-point element.
fmla: Multiplies floating-point numbers and adds, over the addend.
fmlalb fmlalt: Multiplies {even} half-precision elements and adds to single precision.
fmls: Multiplies floating-point numbers and subtracts, over the minuend.
fmlslb fmlslt: Multiplies {even} half-precision elements and subtracts from single precision.
fmmla: Multiplies 2×2 matrices of floating-point numbers and adds.
fmopa: Adds the outer product of floating-point vectors to a tile.
fmops: Subtracts the outer product of floating-point vectors from a tile.
fmsb: Multiplies floating-point numbers and subtracts, over a factor.
fmul: Multiplies floating-point numbers.
fmulx: Multiplies floating-point numbers; zero times infinity is ±2.
fneg: Negates floating-point numbers.
fnmad: Multiplies floating-point numbers, adds and negates, over a factor.
fnmla: Multiplies floating-point numbers, adds and negates, over the addend.
fnmls: Multiplies floating-point numbers and subtracts the addend, over it.
fnmsb: Multiplies floating-point numbers and subtracts the addend, over a factor.
frecpe: Estimates reciprocals.
frecps: A step of Newton's method towards reciprocals.
frecpx: The exponent of a reciprocal, to keep others in range.
frinta: Rounds to whole numbers, halves away from zero.
frinti: Rounds to whole numbers as FPCR says.
frintm: Rounds to whole numbers, down.
frintn: Rounds to whole numbers, halves to even.
frintp: Rounds to whole numbers, up.
frintx: Rounds to whole numbers as FPCR says, reporting inexactness.
frintz: Rounds to whole numbers, towards zero.
frsqrte: Estimates reciprocals of square roots.
frsqrts: A step of Newton's method towards reciprocals of square roots.
fscale: Multiplies by powers of two.
fsqrt: Square root.
fsub: Subtracts floating-point numbers.
fsubr: Subtracts floating-point numbers, the first from the second.
ftmad: A step of the series for sine and cosine, with a coefficient from a table.
ftsmul: The first factor of the series for sine and cosine.
ftssel: The last factor of the series for sine and cosine.
histcnt: For each element, how many before it are the same.
histseg: For each byte, how many of the other segment are the same.
incb inch incw incd: Adds the number of {element}s in a vector, or in a part of it.
incp: Adds the number of active elements.
index: An arithmetic series: a first number and a step.
insr: Moves all elements up by one and puts a scalar into the first.
lasta: The element after the last active one.
lastb: The last active element.
ldr: Loads a whole register or a vector of ZA.
lsl: Shifts left.
lslr: Shifts the second operand left by the first.
lsr: Shifts right, filling with zeros.
lsrr: Shifts the second operand right by the first, filling with zeros.
mad: Multiplies and adds, over a factor.
match: True for elements that occur in the same segment of the other vector.
mla: Multiplies and adds, over the addend.
mls: Multiplies and subtracts, over the minuend.
mova: Moves between a slice of a tile and a vector.
movprfx: Moves to the destination of the next instruction, which is then one with three operands.
msb: Multiplies and subtracts, over a factor.
mul: Multiplies, keeping the low half.
nand: Bitwise NAND of predicates.
nands: Bitwise NAND of predicates, setting the flags.
nbsl: Selects bits of two vectors by a third, and complements.
neg: Negates.
nmatch: True for elements that do not occur in the same segment of the other vector.
nor: Bitwise NOR of predicates.
nors: Bitwise NOR of predicates, setting the flags.
not: Complements.
orn: Bitwise OR with the complement.
orns: Bitwise OR of a predicate with a complement, setting the flags.
orr: Bitwise OR.
orrs: Bitwise OR of predicates, setting the flags.
orv: Bitwise OR of all active elements.
pfalse: A predicate that is false everywhere.
pfirst: Makes the first active element true.
pmul: Multiplies polynomials over the field of two elements.
pmullb pmullt: Multiplies {even} polynomials, as twice as wide ones.
pnext: Makes the next active element true, and only that.
prfb prfh prfw prfd: Prefetches for accesses of {element}s.
psel: A predicate, or false when the chosen element of another is false.
ptest: Sets the flags by a predicate.
ptrue: A predicate that is true in as many elements as a pattern says.
ptrues: A predicate that is true in as many elements as a pattern says, setting the flags.
punpkhi: Widens the high half of a predicate.
punpklo: Widens the low half of a predicate.
raddhnb raddhnt: Adds and keeps the rounded high half of each sum in the {even} elements.
rax1: Exclusive OR with the other rotated left by one.
rbit: Reverses the bits of elements.
rdffr: Reads the first fault register.
rdffrs: Reads the first fault register, setting the flags.
rdsvl: A multiple of the bytes of a streaming vector.
rdvl: A multiple of the bytes of a vector.
rev: Reverses the order of elements.
revb: Reverses the bytes of elements.
revd: Swaps the doublewords of quadwords.
revh: Reverses the halfwords of elements.
revw: Reverses the words of elements.
rshrnb rshrnt: Shifts right, rounding, and keeps the low half in the {even} elements.
rsubhnb rsubhnt: Subtracts and keeps the rounded high half in the {even} elements.
saba uaba: Adds absolute differences of {signed} numbers.
sabalb sabalt uabalb uabalt: Adds absolute differences of {even} {signed} elements to twice as wide ones.
sabd uabd: Absolute difference of {signed} numbers.
sabdlb sabdlt uabdlb uabdlt: Absolute differences of {even} {signed} elements, as twice as wide ones.
sadalp uadalp: Adds sums of neighbouring {signed} elements to twice as wide ones.
saddlb saddlt uaddlb uaddlt: Adds {even} {signed} elements, as twice as wide ones.
saddlbt: Adds even elements of one vector and odd ones of the other, as twice as wide ones.
saddv uaddv: Sum of all active {signed} elements.
saddwb saddwt uaddwb uaddwt: Adds {even} {signed} elements to twice as wide ones.
sbclb sbclt: Subtracts {even} elements with the borrow that the next element holds.
sclamp uclamp: Keeps {signed} numbers between two others.
scvtf ucvtf: Converts {signed} integers to floating point.
sdiv udiv: Divides {signed} numbers.
sdivr udivr: Divides {signed} numbers, the second by the first.
sdot udot: Dot product of groups of four {signed} elements, added.
sel: Selects elements of two registers by a predicate.
setffr: Makes the first fault register true everywhere.
shadd uhadd: Adds {signed} numbers and halves.
shrnb shrnt: Shifts right and keeps the low half in the {even} elements.
shsub uhsub: Subtracts {signed} numbers and halves.
shsubr uhsubr: Subtracts {signed} numbers, the first from the second, and halves.
sli: Shifts left and inserts, keeping the low bits of the destination.
sm4e: Rounds of SM4 encryption.
sm4ekey: Rounds of the SM4 key schedule.
smax umax: The larger of {signed} numbers.
smaxp umaxp: The larger of neighbouring pairs of {signed} numbers.
smaxv umaxv: The largest active {signed} element.
smin umin: The smaller of {signed} numbers.
sminp uminp: The smaller of neighbouring pairs of {signed} numbers.
sminv uminv: The smallest active {signed} element.
smlalb smlalt umlalb umlalt: Multiplies {even} {signed} elements and adds to twice as wide ones.
smlslb smlslt umlslb umlslt: Multiplies {even} {signed} elements and subtracts from twice as wide ones.
smmla ummla: Multiplies 2×8 and 8×2 matrices of {signed} bytes and adds.
smopa umopa: Adds the outer product of {signed} vectors to a tile.
smops umops: Subtracts the outer product of {signed} vectors from a tile.
smulh umulh: Multiplies {signed} numbers, keeping the high half.
smullb smullt umullb umullt: Multiplies {even} {signed} elements, as twice as wide ones.
splice: The active elements of one vector, then the low ones of another.
sqabs: Absolute value, saturating.
sqadd uqadd: Adds {signed} numbers, saturating.
sqcadd: Adds complex integers, the second rotated, saturating.
sqdecb sqdech sqdecw sqdecd uqdecb uqdech uqdecw uqdecd: Subtracts the number of {element}s in a vector, or in a part of it, saturating as {signed} numbers.
sqdecp uqdecp: Subtracts the number of active elements, saturating as {signed} numbers.
sqdmlalb sqdmlalt: Multiplies {even} elements, doubles and adds to twice as wide ones, saturating.
sqdmlalbt: Multiplies even elements by odd ones, doubles and adds to twice as wide ones, saturating.
sqdmlslb sqdmlslt: Multiplies {even} elements, doubles and subtracts from twice as wide ones, saturating.
sqdmlslbt: Multiplies even elements by odd ones, doubles and subtracts from twice as wide ones, saturating.
sqdmulh: Multiplies, doubles and keeps the high half, saturating.
sqdmullb sqdmullt: Multiplies {even} elements and doubles, as twice as wide ones, saturating.
sqincb sqinch sqincw sqincd uqincb uqinch uqincw uqincd: Adds the number of {element}s in a vector, or in a part of it, saturating as {signed} numbers.
sqincp uqincp: Adds the number of active elements, saturating as {signed} numbers.
sqneg: Negates, saturating.
sqrdcmlah: Multiplies complex integers, one rotated, doubles and adds the rounded high half, saturating.
sqrdmlah: Multiplies, doubles and adds the rounded high half, saturating.
sqrdmlsh: Multiplies, doubles and subtracts the rounded high half, saturating.
sqrdmulh: Multiplies, doubles and keeps the rounded high half, saturating.
sqrshl uqrshl: Shifts {signed} numbers left, or right with rounding by negative amounts, saturating.
sqrshlr uqrshlr: As SQRSHL and UQRSHL with the operands exchanged, on {signed} numbers.
sqrshrnb sqrshrnt uqrshrnb uqrshrnt: Shifts {signed} numbers right with rounding into the {even} elements of half the width, saturating.
sqrshrunb sqrshrunt: Shifts signed numbers right with rounding into the {even} unsigned elements of half the width, saturating.
sqshl uqshl: Shifts {signed} numbers left, or right by negative amounts, saturating.
sqshlr uqshlr: As SQSHL and UQSHL with the operands exchanged, on {signed} numbers.
sqshlu: Shifts signed numbers left, saturating as unsigned ones.
sqshrnb sqshrnt uqshrnb uqshrnt: Shifts {signed} numbers right into the {even} elements of half the width, saturating.
sqshrunb sqshrunt: Shifts signed numbers right into the {even} unsigned elements of half the width, saturating.
sqsub uqsub: Subtracts {signed} numbers, saturating.
sqsubr uqsubr: Subtracts {signed} numbers, the first from the second, saturating.
sqxtnb sqxtnt uqxtnb uqxtnt: Narrows {signed} numbers into the {even} elements, saturating.
sqxtunb sqxtunt: Narrows signed numbers into the {even} unsigned elements, saturating.
srhadd urhadd: Adds {signed} numbers and halves, rounding.
sri: Shifts right and inserts, keeping the high bits of the destination.
srshl urshl: Shifts {signed} numbers left, or right with rounding by negative amounts.
srshlr urshlr: As SRSHL and URSHL with the operands exchanged, on {signed} numbers.
srshr urshr: Shifts {signed} numbers right, rounding.
srsra ursra: Shifts {signed} numbers right, rounding, and adds.
sshllb sshllt ushllb ushllt: Shifts {even} {signed} elements left, as twice as wide ones.
ssra usra: Shifts {signed} numbers right and adds.
ssublb ssublt usublb usublt: Subtracts {even} {signed} elements, as twice as wide ones.
ssublbt: Subtracts odd elements of one vector from even ones of the other, as twice as wide ones.
ssubltb: Subtracts even elements of one vector from odd ones of the other, as twice as wide ones.
ssubwb ssubwt usubwb usubwt: Subtracts {even} {signed} elements from twice as wide ones.
str: Stores a whole register or a vector of ZA.
sub: Subtracts.
subhnb subhnt: Subtracts and keeps the high half of each difference in the {even} elements.
subr: Subtracts the first from the second.
sudot: Dot product of groups of four signed bytes with unsigned ones, added.
sumopa: Adds the outer product of a signed and an unsigned vector to a tile.
sumops: Subtracts the outer product of a signed and an unsigned vector from a tile.
sunpkhi uunpkhi: Widens {signed} elements of the high half.
sunpklo uunpklo: Widens {signed} elements of the low half.
suqadd: Adds unsigned numbers to signed ones, saturating.
sxtb sxth sxtw: Extends the low {element} of elements by its sign.
tbl: Looks elements up in a table of vectors; 0 for what is beyond.
tbx: Looks elements up in a vector, leaving what is beyond as it was.
trn1: Interleaves even elements of two registers.
trn2: Interleaves odd elements of two registers.
urecpe: Estimates reciprocals of unsigned numbers.
ursqrte: Estimates reciprocals of square roots of unsigned numbers.
usdot: Dot product of groups of four unsigned bytes with signed ones, added.
usmmla: Multiplies a 2×8 matrix of unsigned and an 8×2 matrix of signed bytes and adds.
usmopa: Adds the outer product of an unsigned and a signed vector to a tile.
usmops: Subtracts the outer product of an unsigned and a signed vector from a tile.
usqadd: Adds signed numbers to unsigned ones, saturating.
uxtb uxth uxtw: Extends the low {element} of elements by zeros.
uzp1: Joins even elements of two registers.
uzp2: Joins odd elements of two registers.
whilege: True for the elements in which a signed count that goes down is greater than or equal to a limit.
whilegt: True for the elements in which a signed count that goes down is greater than a limit.
whilehi: True for the elements in which an unsigned count that goes down is higher than a limit.
whilehs: True for the elements in which an unsigned count that goes down is higher than or the same as a limit.
whilele: True for the elements in which a signed count that goes up is less than or equal to a limit.
whilelo: True for the elements in which an unsigned count that goes up is lower than a limit.
whilels: True for the elements in which an unsigned count that goes up is lower than or the same as a limit.
whilelt: True for the elements in which a signed count that goes up is less than a limit.
whilerw: True for the elements in which a read and then a write at two addresses do not conflict.
whilewr: True for the elements in which a write and then a read at two addresses do not conflict.
wrffr: Writes the first fault register.
xar: Exclusive OR, then rotates right.
zero: Clears tiles of ZA.
zip1: Interleaves the low halves of two registers.
zip2: Interleaves the high halves of two registers.
`;

const ELEMENTS: Readonly<Record<string, string>> = {
  b: 'byte',
  h: 'halfword',
  w: 'word',
  d: 'doubleword',
  q: 'quadword',
};

const briefs = new Map(
  lines
    .trim()
    .split('\n')
    .flatMap(line => {
      const colon = line.indexOf(': ');
      return line
        .slice(0, colon)
        .split(' ')
        .map(mnemonic => [mnemonic, line.slice(colon + 2)] as const);
    }),
);

const WAYS: Readonly<Record<string, string>> = {
  r: ' and copies it to all elements',
  rq: ' of a quadword and repeats them',
  ro: ' of 32 bytes and repeats them',
  ff: '; only the first element may fault',
  nf: '; no element faults',
  nt: ' that are not needed again soon',
};

/** Loads and stores of elements: their mnemonics say everything. */
function briefOfTransfer(mnemonic: string): string | undefined {
  const match = /^(ld|st)(nt|nf|ff)?([1-4])(r[qo]?)?(s?)([bhwdq])$/.exec(mnemonic);
  if (!match) return undefined;
  const [, direction, kind = '', count, repeat = '', signed, letter = ''] = match;
  const element = ELEMENTS[letter] as string;
  const what = repeat === 'r' ? `a ${element}` : `${element}s`;
  const way = WAYS[kind || repeat] ?? '';
  const structures = count === '1' ? '' : ` of structures of ${count} into ${count} registers`;
  if (direction === 'st') return `Stores ${what}${structures.replace('into', 'from')}${way}.`;
  const extended = signed ? ', extended by their sign' : '';
  return `Loads ${what}${extended}${structures}${way}.`;
}

/** The line of a mnemonic. Throws when it has none. */
export function briefOf(mnemonic: string): string {
  const brief = briefs.get(mnemonic) ?? briefOfTransfer(mnemonic);
  if (brief === undefined) throw new Error(`${mnemonic} has no description`);
  const last = mnemonic.at(-1) as string;
  return brief
    .replaceAll('{signed}', mnemonic.startsWith('s') ? 'signed' : 'unsigned')
    .replaceAll('{even}', last === 'b' ? 'even' : 'odd')
    .replaceAll('{element}', ELEMENTS[last] ?? '');
}
