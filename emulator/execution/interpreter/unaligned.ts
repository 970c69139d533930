/** Accesses that missed the TLB: those that are merely unaligned within known pages are done here, others by the host. */
import type { ValueType } from '../../architecture/semantics.ts';
import { TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES, TLB_UNALIGNED } from '../../translation/tlb.ts';
import { FunctionBody } from '../lowering/module.ts';
import { at } from './place.ts';

const LOADS = { 2: 'i64.load16_u', 4: 'i64.load32_u', 8: 'i64.load' } as const;
const STORES = { 2: 'i64.store16', 4: 'i64.store32', 8: 'i64.store' } as const;
const PAGE = 4096;

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
  const second = body.local('i32');
  const inPage = body.local('i32');
  const index = body.local('i32');
  const result = body.local('i64');
  const tagOffset = store ? TLB_ENTRY.tagWrite : TLB_ENTRY.tagRead;
  /** Whether an entry is for the page of the address plus `distance`, and of memory that may be accessed unaligned. */
  const usable = (one: number, distance: number) => {
    body.get(one).memory('i64.load', tagOffset).get(address).i64(BigInt(distance)).op('i64.add');
    body.i64(~BigInt(PAGE - 1)).op('i64.and', 'i64.eq');
    body
      .get(one)
      .memory('i32.load', TLB_ENTRY.origin + 4)
      .i32(TLB_UNALIGNED)
      .op('i32.and', 'i32.eqz', 'i32.gt_u');
  };
  const host = (one: number) =>
    body.get(address).op('i32.wrap_i64').get(one).memory('i32.load', TLB_ENTRY.addend).op('i32.add');

  usable(entry, 0);
  body.i32(0).memory('i32.load', at('alignmentCheck')).op('i32.gt_u').if('');
  body
    .i32(PAGE)
    .get(address)
    .op('i32.wrap_i64')
    .i32(PAGE - 1)
    .op('i32.and', 'i32.sub')
    .tee(inPage);
  body.i32(size).op('i32.ge_u').if('');
  host(entry);
  if (store) body.get(value).memory(STORES[size], 0);
  else body.memory(LOADS[size], 0);
  body.op('return').end();

  // Across two pages: the second page's entry is the next one, unless the first is the table's last.
  body.get(entry).i32(TLB_ENTRY_BYTES).op('i32.add').set(second);
  usable(second, size - 1);
  body
    .get(address)
    .i64(12n)
    .op('i64.shr_u', 'i32.wrap_i64')
    .i32(TLB_ENTRIES - 1)
    .op('i32.and');
  body.i32(TLB_ENTRIES - 1).op('i32.eq', 'i32.gt_u');
  body.if('').loop('byte');
  const byte = () => {
    body.get(index).op('i64.extend_i32_u').i64(3n).op('i64.shl');
  };
  if (!store) body.get(result);
  host(entry);
  host(second);
  body.get(index).get(inPage).op('i32.lt_u', 'select').get(index).op('i32.add');
  if (store) {
    body.get(value);
    byte();
    body.op('i64.shr_u').memory('i64.store8', 0);
  } else {
    body.memory('i64.load8_u', 0);
    byte();
    body.op('i64.shl', 'i64.or').set(result);
  }
  body.get(index).i32(1).op('i32.add').tee(index).i32(size).op('i32.lt_u').branchIf('byte').end();
  if (!store) body.get(result);
  body.op('return').end();
  body.end();
  body.get(address);
  if (store) body.get(value);
  return body.get(descriptor).call(slow);
}
