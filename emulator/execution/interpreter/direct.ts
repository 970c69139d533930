/** System operations within generated code: those that the host has allowed to be done without it. */

import { ZERO_BLOCK_BYTES } from '../../architecture/system-instructions.ts';
import { TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES } from '../../translation/tlb.ts';
import { DIRECT_ADDRESS, DIRECT_BIT, DIRECT_REGISTER, type DirectKind } from '../direct-operations.ts';
import { Exit } from '../engine.ts';
import type { FunctionBody } from '../lowering/module.ts';
import { RECORD_SHIFT, RECORD_SIZE } from '../record.ts';
import { at, type Locals } from './place.ts';

type MainLocals = Locals & { main: NonNullable<Locals['main']> };

/** Emits the handler of one kind; `operation` gives the number of the system operation that asks the host. */
export function emitDirect(
  kind: DirectKind,
  body: FunctionBody,
  { ip, main }: MainLocals,
  operation: (name: string) => number,
): void {
  const asks = kind === 'writeDAIF' ? 'msr' : kind === 'cacheByAddress' || kind === 'zeroBlock' ? 'sys' : 'mrs';
  body.i32(0).memory('i64.load', at('directOperations')).get(ip).memory('i64.load8_u', DIRECT_BIT);
  body.op('i64.shr_u').i64(1n).op('i64.and', 'i64.eqz').if('');
  askHost();
  body.end();
  switch (kind) {
    case 'writeDAIF':
      body.i32(0);
      register();
      body.op('i32.wrap_i64').i32(0x3c0).op('i32.and').memory('i32.store', at('daif'));
      body.i32(0).memory('i32.load', at('interruptPending')).if('');
      body.get(ip).i32(RECORD_SIZE).op('i32.add').set(ip);
      body.i32(Exit.unmasked).set(main.code).branch('exit').end();
      return;
    case 'cacheByAddress':
      probe(TLB_ENTRY.tagRead);
      return;
    case 'zeroBlock': {
      const entry = probe(TLB_ENTRY.tagWrite);
      const zeros = new Array<number>(16).fill(0);
      body
        .get(main.target)
        .i64(~(ZERO_BLOCK_BYTES - 1n))
        .op('i64.and', 'i32.wrap_i64');
      body.get(entry).memory('i32.load', TLB_ENTRY.addend).op('i32.add').set(entry);
      for (let offset = 0; offset < Number(ZERO_BLOCK_BYTES); offset += 16)
        body.get(entry).v128(zeros).memory('v128.store', offset);
      return;
    }
  }
  body.get(ip).memory('i32.load8_u', DIRECT_REGISTER).i32(3).op('i32.shl');
  switch (kind) {
    case 'stored':
      body.get(ip).memory('i32.load', DIRECT_ADDRESS).memory('i64.load', 0);
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
    case 'DCZID_EL0':
      body.i32(0).memory('i64.load', at('zeroBlockIdentification'));
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

  function askHost(): void {
    body.i32(0).i32(operation(asks)).memory('i32.store', at('exitDetail'));
    body.i32(Exit.system).set(main.code).branch('exit');
  }

  /** The value of the operand. */
  function register(): void {
    body.get(ip).memory('i32.load8_u', DIRECT_REGISTER).i32(3).op('i32.shl').memory('i64.load', at('x'));
  }

  /** Goes on with the TLB's entry for the operand, which is then in `target`; asks the host where there is none. */
  function probe(tag: number): number {
    const entry = main.next;
    register();
    body
      .tee(main.target)
      .i64(BigInt(12 - Math.log2(TLB_ENTRY_BYTES)))
      .op('i64.shr_u', 'i32.wrap_i64');
    body.i32((TLB_ENTRIES - 1) * TLB_ENTRY_BYTES).op('i32.and');
    body.get(main.tlb).op('i32.add').tee(entry).memory('i64.load', tag);
    body.get(main.target).i64(~0xfffn).op('i64.and', 'i64.ne').if('');
    askHost();
    body.end();
    return entry;
  }
}
