/** MRS within generated code: of what the host has allowed to be read without it. */
import { Exit } from '../engine.ts';
import type { FunctionBody } from '../lowering/module.ts';
import { RECORD_SHIFT } from '../record.ts';
import { READ_ADDRESS, READ_BIT, READ_TARGET, type ReadKind } from '../register-reads.ts';
import { at, type Locals } from './place.ts';

type MainLocals = Locals & { main: NonNullable<Locals['main']> };

/** Emits the handler of one kind of register; `mrs` is the number of the system operation that asks the host. */
export function emitRead(kind: ReadKind, body: FunctionBody, { ip, main }: MainLocals, mrs: number): void {
  body.i32(0).memory('i32.load', at('readableRegisters')).get(ip).memory('i32.load8_u', READ_BIT);
  body.op('i32.shr_u').i32(1).op('i32.and', 'i32.eqz').if('');
  body.i32(0).i32(mrs).memory('i32.store', at('exitDetail'));
  body.i32(Exit.system).set(main.code).branch('exit');
  body.end();
  body.get(ip).memory('i32.load8_u', READ_TARGET).i32(3).op('i32.shl');
  switch (kind) {
    case 'stored':
      body.get(ip).memory('i32.load', READ_ADDRESS).memory('i64.load', 0);
      break;
    case 'SP_EL0':
      body.i32(0).memory('i64.load', at('spBank'));
      break;
    case 'DAIF':
      body.i32(0).memory('i32.load', at('daif')).op('i64.extend_i32_u');
      break;
    case 'CurrentEL':
      body.i32(0).memory('i32.load', at('el')).i32(2).op('i32.shl', 'i64.extend_i32_u');
      break;
    case 'NZCV':
      (['n', 'z', 'c', 'v'] as const).forEach((flag, i) => {
        body
          .get(main.flags[flag])
          .i32(31 - i)
          .op('i32.shl');
        if (i > 0) body.op('i32.or');
      });
      body.op('i64.extend_i32_u');
      break;
    case 'CNTPCT_EL0':
      count();
      break;
    case 'CNTVCT_EL0':
      count();
      body.i32(0).memory('i64.load', at('counterOffset')).op('i64.sub');
      break;
  }
  body.memory('i64.store', at('x'));

  /** The time of this instruction in ticks. */
  function count(): void {
    body.i32(0).memory('f64.load', at('timeBase'));
    body.get(ip).get(main.budgetEnd).op('i32.sub').i32(RECORD_SHIFT).op('i32.shr_s');
    body.op('f64.convert_i32_s', 'f64.add').i32(0).memory('f64.load', at('instructionsPerTick'));
    body.op('f64.div', 'f64.floor', 'i64.trunc_f64_u');
  }
}
