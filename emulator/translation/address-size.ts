/** How large addresses may be, and where tables of such addresses begin (Arm ARM D8.2, D8.3). */
import type { Shareability } from './attributes.ts';
import type { TableLevel } from './fault.ts';
import type { Granule } from './granule.ts';
import { addressSizeOf, type TranslationImplementation } from './implementation.ts';
import { type AddressLayout, HIGH_WORD, type TableFormat } from './table-walk.ts';

const LARGEST_PLAIN_ADDRESS = 48;

/** What the implementation says about the limits of TxSZ. */
export interface SizeFieldFeatures {
  /** FEAT_TTST. */
  readonly smallTables: boolean;
  /** FEAT_LVA. */
  readonly largeVirtualAddresses: boolean;
}

/** The bounds of TCR_ELx.TxSZ. `wide`: the effective TCR_ELx.DS, which the 64 KB granule does not have. */
export function sizeFieldLimits(
  { smallTables, largeVirtualAddresses }: SizeFieldFeatures,
  granuleBits: number,
  wide: boolean,
): { readonly smallest: number; readonly largest: number } {
  const large = granuleBits === 16 ? largeVirtualAddresses : wide;
  return { smallest: large ? 12 : 16, largest: smallTables ? (granuleBits === 16 ? 47 : 48) : 39 };
}

/** What PS or IPS, the granule and DS decide about output addresses. */
export interface OutputAddresses {
  readonly outputSize: number;
  readonly addressLayout: AddressLayout;
  readonly firstBlockLevel: TableLevel;
}

/** @param wide the effective DS of TCR_ELx or VTCR_EL2 */
export function outputAddresses(
  sizeField: number,
  granule: Granule,
  wide: boolean,
  { physicalAddressSize }: TranslationImplementation,
): OutputAddresses {
  const is64KB = granule.bits === 16;
  const largest = wide || is64KB ? physicalAddressSize : Math.min(physicalAddressSize, LARGEST_PLAIN_ADDRESS);
  const outputSize = Math.min(addressSizeOf(sizeField), largest);
  const largeBlocks = is64KB ? physicalAddressSize > LARGEST_PLAIN_ADDRESS : wide;
  return {
    outputSize,
    addressLayout: wide
      ? 'bits 51:50 in 9:8'
      : is64KB && outputSize > LARGEST_PLAIN_ADDRESS
        ? 'bits 51:48 in 15:12'
        : 'bits 47:0',
    firstBlockLevel: (granule.firstBlockLevel - Number(largeBlocks)) as TableLevel,
  };
}

/** BADDR of a TTBR or VTTBR, and where the first table is: formats of 52 bits keep bits 51:48 in bits 5:2. */
export function firstTable(
  baseRegister: bigint,
  { outputSize, addressLayout }: OutputAddresses,
  tableBytes: number,
): Pick<TableFormat, 'base' | 'baseTooLarge'> {
  const plain = addressLayout === 'bits 47:0';
  const low = Number(baseRegister & (plain ? 0xffff_fffen : 0xffff_ffc0n));
  let high = Number((baseRegister >> 32n) & 0xffffn);
  if (!plain) high |= Number((baseRegister >> 2n) & 0xfn) << 16;
  const base = high * HIGH_WORD + low;
  return { base: base - (base % tableBytes), baseTooLarge: base >= 2 ** outputSize };
}

/** SH of TCR_ELx or VTCR_EL2, where descriptors have no room for it. */
export function shareabilityOfAll(addressLayout: AddressLayout, field: number): Shareability | undefined {
  return addressLayout === 'bits 51:50 in 9:8' ? (field as Shareability) : undefined;
}
