/**
 * Rows whose `Q` chooses the half of the narrow vectors: `saddl` works on the low halves, `saddl2` on the upper ones.
 */
import type { OperandKind } from '../operand.ts';

type Operands = Readonly<Record<string, OperandKind>>;

/** Both spellings: the operands of each, by `Q`. */
export function halves<const O extends Operands>(name: string, operandsText: string, operandsOf: (Q: 0 | 1) => O) {
  return {
    operands: operandsOf(0),
    syntax: `${name} ${operandsText}`,
    aliases: [{ syntax: `${name}2 ${operandsText}`, fixed: { Q: 1 }, operands: operandsOf(1) }],
    defaults: { Q: 0 },
  };
}
