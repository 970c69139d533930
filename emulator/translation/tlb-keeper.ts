/**
 * Keeps tables of translations true: an entry exists only while the control registers, ASID and VMID that made it are in force,
 * and goes when a TLBI instruction names it. More may go than the architecture asks for, never less.
 *
 * The controls of a regime are compared when the regime is about to be used, not when a register is written. So a
 * hypervisor that switches between its host and one guest finds the guest's entries again.
 */
import type { AddressTranslator } from './address-translator.ts';
import { contextsOf, type TranslationContext, type TranslationRegime } from './regime.ts';
import type { Stage1Controls } from './stage-1-controls.ts';
import type { Stage2Registers } from './stage-2-controls.ts';
import type { TlbInvalidation } from './tlb-maintenance.ts';

/** What the entries of a regime were made with. */
interface Signature {
  readonly secure: boolean;
  readonly stage1: Stage1Controls;
  readonly stage2: Stage2Registers | undefined;
  readonly tagChecks: number;
}

const REGIMES: readonly TranslationRegime[] = ['EL1&0', 'EL2&0', 'EL2', 'EL3'];
const ALL_CONTEXTS = REGIMES.flatMap(contextsOf);
/** TTBR bits that say where the tables are: CnP and the ASID do not. */
const TABLE_ADDRESS = 0xffff_ffff_fffen;
/** VTTBR_EL2.CnP and VSTTBR_EL2.CnP. */
const COMMON_NOT_PRIVATE = 1n;

/** What a keeper needs of tables of translations: each method makes entries go, and may let more go than it names. */
export interface TranslationTables {
  flush(context: TranslationContext): void;
  flushNonGlobal(context: TranslationContext): void;
  flushRange(context: TranslationContext, upper: boolean): void;
  flushPages(context: TranslationContext, firstPage: number, lastPage: number, nonGlobal: boolean): void;
  flushIntermediatePages(context: TranslationContext, firstPage: number, lastPage: number): void;
}

export class TlbKeeper {
  private readonly tables: readonly TranslationTables[];
  private readonly translator: AddressTranslator;
  private readonly signatures = new Map<TranslationRegime, Signature>();
  /** Regimes whose controls may have changed since they were last compared. */
  private readonly stale = new Set<TranslationRegime>(REGIMES);

  private readonly tagChecks: (regime: TranslationRegime) => number;

  /** @param tagChecks tells how accesses of a regime are checked against allocation tags: entries depend on it, too */
  constructor(
    tables: readonly TranslationTables[],
    translator: AddressTranslator,
    tagChecks: (regime: TranslationRegime) => number = () => 0,
  ) {
    this.tables = tables;
    this.translator = translator;
    this.tagChecks = tagChecks;
  }

  /** A register that translation depends on was written. */
  controlsWritten(): void {
    for (const regime of REGIMES) this.stale.add(regime);
  }

  /** Forgets everything, for instance after a snapshot was restored. */
  clear(): void {
    for (const table of this.tables) for (const context of ALL_CONTEXTS) table.flush(context);
    this.signatures.clear();
    this.controlsWritten();
  }

  /** Call before code runs under a regime: drops the entries that its controls no longer support. */
  synchronize(regime: TranslationRegime, secure: boolean): void {
    const known = this.signatures.get(regime);
    if (known && known.secure === secure && !this.stale.has(regime)) return;
    this.stale.delete(regime);
    const stage1 = this.translator.stage1Controls(regime);
    const stage2 = regime === 'EL1&0' ? this.translator.stage2Controls(secure).source : undefined;
    const tagChecks = this.tagChecks(regime);
    this.signatures.set(regime, { secure, stage1, stage2, tagChecks });
    if (!known) return;
    const everything =
      known.secure !== secure ||
      known.tagChecks !== tagChecks ||
      !sameControls(known.stage1, stage1) ||
      !sameStage2(known.stage2, stage2);
    const before = known.stage1;
    const lowerMoved = ((before.source.ttbr0 ^ stage1.source.ttbr0) & TABLE_ADDRESS) !== 0n;
    const upperMoved = ((before.source.ttbr1 ^ stage1.source.ttbr1) & TABLE_ADDRESS) !== 0n;
    const asidChanged = before.asid !== stage1.asid;
    for (const table of this.tables) {
      for (const context of contextsOf(regime)) {
        if (everything) {
          table.flush(context);
          continue;
        }
        if (lowerMoved) table.flushRange(context, false);
        if (upperMoved) table.flushRange(context, true);
        if (asidChanged) table.flushNonGlobal(context);
      }
    }
  }

  /** Carries out a TLBI instruction. */
  invalidate(invalidation: TlbInvalidation): void {
    for (const table of this.tables)
      for (const context of contextsOf(invalidation.regime)) this.invalidateIn(table, context, invalidation);
  }

  private invalidateIn(table: TranslationTables, context: TranslationContext, invalidation: TlbInvalidation): void {
    switch (invalidation.what) {
      case 'everything':
        table.flush(context);
        break;
      case 'asid':
        if (this.isCurrent(invalidation.regime, invalidation.asid)) table.flushNonGlobal(context);
        break;
      case 'pages': {
        const { asid, firstPage, lastPage } = invalidation;
        const nonGlobal = asid === undefined || this.isCurrent(invalidation.regime, asid);
        table.flushPages(context, firstPage, lastPage, nonGlobal);
        break;
      }
      case 'intermediatePages':
        table.flushIntermediatePages(context, invalidation.firstPage, invalidation.lastPage);
        break;
    }
  }

  /** Whether the entries that are there may belong to an ASID. With 8-bit ASIDs the operand's upper half is ignored. */
  private isCurrent(regime: TranslationRegime, asid: number): boolean {
    if (this.stale.has(regime)) return true;
    const current = this.signatures.get(regime)?.stage1.asid;
    return current !== undefined && ((current ^ asid) & 0xff) === 0;
  }
}

/** Equal but for the translation table base registers. */
function sameControls(a: Stage1Controls, b: Stage1Controls): boolean {
  const [x, y] = [a.source, b.source];
  return x.sctlr === y.sctlr && x.tcr === y.tcr && x.mair === y.mair && x.hcr === y.hcr;
}

function sameStage2(a: Stage2Registers | undefined, b: Stage2Registers | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.vtcr === b.vtcr &&
    a.vstcr === b.vstcr &&
    a.sctlr === b.sctlr &&
    a.hcr === b.hcr &&
    (((a.vttbr ^ b.vttbr) | (a.vsttbr ^ b.vsttbr)) & ~COMMON_NOT_PRIVATE) === 0n
  );
}
