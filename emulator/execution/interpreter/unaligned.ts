/** Accesses that missed the TLB: those that are merely unaligned within a known page are done here, others by the host. */
import type { ValueType } from '../../architecture/semantics.ts';
import { TLB_ENTRY, TLB_UNALIGNED } from '../../translation/tlb.ts';
import { FunctionBody } from '../lowering/module.ts';
import { at } from './place.ts';

const LOADS = { 2: 'i64.load16_u', 4: 'i64.load32_u', 8: 'i64.load' } as const;
const STORES = { 2: 'i64.store16', 4: 'i64.store32', 8: 'i64.store' } as const;

/**
 * A function over the address, the value (stores only), the access's descriptor and its TLB entry's address. `slow` is
 * the host's function over the first two or three.
 */
export function unalignedAccess(
  size: 2 | 4 | 8,
  parameters: readonly ValueType[],
  store: boolean,
  slow: number,
): FunctionBody {
  const body = new FunctionBody(parameters);
  const address = 0;
  const value = 1;
  const descriptor = store ? 2 : 1;
  const entry = descriptor + 1;
  const tag = body.local('i64');
  const isTag = (offset: number) => {
    body.get(address);
    if (offset) body.i64(BigInt(offset)).op('i64.add');
    body.i64(~0xfffn).op('i64.and').get(tag).op('i64.eq');
  };
  body
    .get(entry)
    .memory('i64.load', store ? TLB_ENTRY.tagWrite : TLB_ENTRY.tagRead)
    .set(tag);
  isTag(0);
  isTag(size - 1);
  body
    .op('i32.and')
    .get(entry)
    .memory('i32.load', TLB_ENTRY.origin + 4)
    .i32(TLB_UNALIGNED)
    .op('i32.and', 'i32.eqz');
  body.i32(0).memory('i32.load', at('alignmentCheck')).op('i32.or', 'i32.eqz', 'i32.and').if('');
  body.get(address).op('i32.wrap_i64').get(entry).memory('i32.load', TLB_ENTRY.addend).op('i32.add');
  if (store) body.get(value).memory(STORES[size], 0);
  else body.memory(LOADS[size], 0);
  body.op('return').end();
  body.get(address);
  if (store) body.get(value);
  return body.get(descriptor).call(slow);
}
