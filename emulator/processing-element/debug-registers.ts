/** Registers of self-hosted debug that do more than store: the OS lock, claim tags and the communication channel. */
import { isReserved } from '../architecture/system-register.ts';
import { systemRegisterNamed } from '../architecture/system-registers/index.ts';
import type { ProcessingElement } from './processing-element.ts';
import { maskOfFields, registerField } from './register-field.ts';
import type { SystemRegisterHandler, SystemRegisterHandlers } from './system-register-handlers.ts';

const OSLK = registerField('OSLSR_EL1', 'OSLK');
const OS_LOCK = 1n << BigInt(OSLK.shift);
const CLAIM_TAGS = 0xffn;
/** ID_AA64DFR0_EL1 can count to sixteen of each. */
const MOST = 16;

const MDSCR_EL1 = systemRegisterNamed('MDSCR_EL1');
const SELF_HOSTED = maskOfFields(MDSCR_EL1, ['MDE', 'KDE', 'TDCC', 'SS']);
/** The others belong to an external debugger and can be written only while the OS lock is locked. */
const ALL = maskOfFields(
  MDSCR_EL1,
  MDSCR_EL1.fields.filter(one => !isReserved(one)).map(one => one.name),
);

/** No debugger is attached to the channel: nothing arrives, and what is sent is taken at once. */
const UNCONNECTED: SystemRegisterHandler = { read: () => 0n, write: () => {} };
/** Storage with the row's masks is all there is to it. */
const STORED: SystemRegisterHandler = {};

/** The handlers of the rows marked 'debug', for one PE. */
export function debugRegisterHandlers(pe: ProcessingElement): SystemRegisterHandlers {
  const { state } = pe;
  const handlers: Record<string, SystemRegisterHandler> = {
    OSLAR_EL1: {
      write: (_context, value) => {
        const status = state.read('OSLSR_EL1') & ~OS_LOCK;
        state.write('OSLSR_EL1', (value & 1n) === 1n ? status | OS_LOCK : status);
        pe.host.debugChanged(pe);
      },
    },
    OSLSR_EL1: STORED,
    OSDLR_EL1: STORED,
    DBGPRCR_EL1: STORED,
    MDSCR_EL1: {
      write: (_context, value) => {
        const writable = pe.field(OSLK) === 1 ? ALL : SELF_HOSTED;
        state.write('MDSCR_EL1', (value & writable) | (state.read('MDSCR_EL1') & ~writable));
        pe.host.debugChanged(pe);
      },
    },
    DBGCLAIMSET_EL1: {
      read: () => CLAIM_TAGS,
      write: (_context, value) => state.write('DBGCLAIMCLR_EL1', state.read('DBGCLAIMCLR_EL1') | (value & CLAIM_TAGS)),
    },
    DBGCLAIMCLR_EL1: {
      write: (_context, value) => state.write('DBGCLAIMCLR_EL1', state.read('DBGCLAIMCLR_EL1') & ~value),
    },
    DBGDTR_EL0: UNCONNECTED,
    DBGDTRRX_EL0: UNCONNECTED,
    DBGDTRTX_EL0: UNCONNECTED,
  };
  for (let n = 0; n < MOST; n++) {
    for (const kind of ['DBGBVR', 'DBGBCR', 'DBGWVR', 'DBGWCR']) handlers[`${kind}${n}_EL1`] = STORED;
  }
  return handlers;
}
