/**
 * Checks of data accesses against allocation tags (Arm ARM D10.4): which accesses are checked, what a failed check does,
 * and for which pages generated code need not ask.
 */
import { decode } from '../architecture/decoder.ts';
import { AllocationTags, TAG_GRANULE } from '../bus/allocation-tags.ts';
import type { MachineMemory } from '../bus/memory.ts';
import { noteTagCheckFault, TagCheckFault, tagCheckFault } from '../processing-element/memory-tagging.ts';
import { NORMAL_TAGGED } from '../translation/attributes.ts';
import type { Fault } from '../translation/fault.ts';
import type { AccessKind, Translation } from '../translation/request.ts';
import type { ExecutionUnit } from './execution-unit.ts';

/** An access within one page. */
export interface CheckedAccess {
  readonly address: bigint;
  readonly size: number;
  readonly translation: Translation;
  readonly kind: AccessKind;
  readonly privileged: boolean;
}

/** No TLB entry relies on the tags of a page. */
const NO_RELIANCE = 0;
/** Different instructions whose kind is kept. */
const MOST_KNOWN = 1 << 14;

export class TagCheck {
  readonly tags: AllocationTags;
  private readonly currentWord: (unit: ExecutionUnit) => number;
  private readonly tagsChange: (physicalPage: number) => void;
  /** One more than the tag that a page's TLB entries rely on, by the linear address of its tags in units of their size. */
  private readonly relied: Uint8Array;
  private readonly uncheckedWords = new Map<number, boolean>();

  /**
   * @param currentWord the instruction that makes an access
   * @param tagsChange must drop the TLB entries of a physical page
   */
  constructor(
    memory: MachineMemory,
    currentWord: (unit: ExecutionUnit) => number,
    tagsChange: (physicalPage: number) => void,
  ) {
    this.tags = new AllocationTags(memory);
    this.currentWord = currentWord;
    this.tagsChange = tagsChange;
    this.relied = new Uint8Array(memory.tags.length > 0 ? memory.u8.length >>> 7 : 0);
  }

  /** The fault of an access whose address has another tag than its memory; undefined when it may go on. */
  check(unit: ExecutionUnit, access: CheckedAccess): Fault | undefined {
    const { translation, address, kind, privileged } = access;
    if (translation.attributes !== NORMAL_TAGGED || unit.state.tco === 1) return undefined;
    const tag = this.tagToCheck(unit, address, privileged);
    if (tag === undefined) return undefined;
    const failing = this.firstMismatch(access, tag);
    if (failing === undefined || this.isUnchecked(this.currentWord(unit))) return undefined;
    const effect = tagCheckFault(unit.pe, unit.regime, privileged);
    if (effect === TagCheckFault.asynchronous || (effect === TagCheckFault.asymmetric && kind === 'write')) {
      noteTagCheckFault(unit.pe, unit.regime, privileged, address);
      return undefined;
    }
    return {
      kind: 'tagCheck',
      level: 0,
      stage: 1,
      onStage1Walk: false,
      write: kind === 'write',
      virtualAddress: failing,
      intermediatePhysicalAddress: undefined,
    };
  }

  /** Whether accesses to the page may bypass checks until its tags or the controls change, whatever PSTATE.TCO says. */
  mayBypass(unit: ExecutionUnit, address: bigint, translation: Translation, privileged: boolean): boolean {
    if (translation.attributes !== NORMAL_TAGGED) return true;
    const tag = this.tagToCheck(unit, address, privileged);
    if (tag === undefined) return true;
    const linear = this.tags.address(translation.physicalAddress);
    if (linear === undefined) return true;
    if (this.tags.uniformTag(linear) !== tag) return false;
    this.relied[linear >>> 7] = tag + 1;
    return true;
  }

  /** The tag of an address is about to be written to memory. */
  beforeWrite(physicalAddress: number, linear: number, tag: number): void {
    const relied = this.relied[linear >>> 7] as number;
    if (relied === NO_RELIANCE || relied === tag + 1) return;
    this.relied[linear >>> 7] = NO_RELIANCE;
    this.tagsChange(Math.floor(physicalAddress / 4096));
  }

  /** The tag of an address that is compared with memory; undefined where accesses through the address are unchecked. */
  private tagToCheck(unit: ExecutionUnit, address: bigint, privileged: boolean): number | undefined {
    const { pe, regime, translator } = unit;
    if (tagCheckFault(pe, regime, privileged) === TagCheckFault.none) return undefined;
    const controls = translator.stage1Controls(regime);
    const upper = (address >> 55n) & 1n;
    const range = upper && controls.upper ? controls.upper : controls.lower;
    if (!range.ignoresTopByte) return undefined;
    const tag = Number((address >> 56n) & 15n);
    return range.uncheckedWhereTagMatches && tag === (upper ? 15 : 0) ? undefined : tag;
  }

  /** The address at which an access first meets another tag. */
  private firstMismatch({ address, size, translation }: CheckedAccess, tag: number): bigint | undefined {
    const { physicalAddress } = translation;
    const last = physicalAddress + size - 1;
    for (let at = physicalAddress; at <= last; at += TAG_GRANULE - (at % TAG_GRANULE)) {
      const linear = this.tags.address(at);
      if (linear === undefined) return undefined;
      if (this.tags.read(at, linear) !== tag) return address + BigInt(at - physicalAddress);
    }
    return undefined;
  }

  /** Whether an instruction's accesses are never checked: relative to SP without more, or to the PC, and those of tags. */
  private isUnchecked(word: number): boolean {
    const known = this.uncheckedWords.get(word);
    if (known !== undefined) return known;
    if (this.uncheckedWords.size === MOST_KNOWN) this.uncheckedWords.clear();
    const decoded = decode(word);
    const unchecked = decoded !== undefined && isUncheckedForm(decoded);
    this.uncheckedWords.set(word, unchecked);
    return unchecked;
  }
}

const STACK_POINTER = 31;

function isUncheckedForm({ row, fields }: NonNullable<ReturnType<typeof decode>>): boolean {
  if (row.traits.has('tags')) return true;
  if (!row.traits.has('load') && !row.traits.has('store')) return false;
  const base = fields['Rn'];
  if (base === undefined) return true;
  // With an index register or write-back, SP is a base like others.
  const { elements = [] } = row.syntaxes[0] ?? {};
  const memory = elements.find(element => element.kind === 'memory');
  const writesBack = memory?.writeBack === true || elements.at(-1) !== memory;
  return base === STACK_POINTER && fields['Rm'] === undefined && !writesBack;
}
