/** Memory references: `0x…` is a virtual address of the regime that runs; a prefix names another address space. */
import { spaceOf, spaceText } from '../debugger/expression/parser.ts';
import { hex } from '../debugger/expression/value.ts';
import { type SpaceAddress, UserProblem } from '../debugger/target.ts';

/** Throws `UserProblem` when the text is no reference. */
export function parseReference(text: string): SpaceAddress {
  const match = /^(?:(va(?:@el[0-3])?|ipa|pa):)?(0x[0-9a-f]+|\d+)$/i.exec(text.trim());
  if (!match) throw new UserProblem(`'${text}' is no address; write 0x40080000, pa:0x9000000, ipa:… or va@el1:…`);
  return { space: spaceOf(match[1] ?? 'va'), address: BigInt.asUintN(64, BigInt(match[2]!)) };
}

export function referenceText({ space, address }: SpaceAddress): string {
  return space.kind === 'va' && space.el === undefined ? hex(address) : `${spaceText(space)}${hex(address)}`;
}
